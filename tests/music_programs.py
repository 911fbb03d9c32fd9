"""Real music programs, started without a screen: MuseScore 3 reads, FluidSynth plays."""

import os
import shutil
import subprocess
import wave
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

SOUNDFONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")

needs_soundfont = pytest.mark.skipif(
    not SOUNDFONT.is_file(), reason=f"needs the sound font {SOUNDFONT}"
)


def needs(program):
    absent = shutil.which(program) is None
    return pytest.mark.skipif(absent, reason=f"needs {program}, which is not installed")


def muse_score(source, target):
    environment = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "HOME": str(target.parent),
        "XDG_RUNTIME_DIR": str(target.parent),
    }
    command = ["mscore3", "-o", str(target), str(source)]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)


def score_of(path, tmp_path):
    """The MusicXML that MuseScore makes of a MIDI file."""
    target = tmp_path / "score.musicxml"
    muse_score(path, target)
    return ET.parse(target).getroot()


def texts(score, tag):
    return [element.text for element in score.iter(tag)]


def rendered(path, target):
    """Samples in -1..1, (n, 2), and the rate."""
    command = ["fluidsynth", "-ni", "-R", "0", "-C", "0", "-r", "22050", "-F", str(target)]
    command += [str(SOUNDFONT), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with wave.open(str(target)) as file:
        frames = file.readframes(file.getnframes())
        return np.frombuffer(frames, "<i2").reshape(-1, 2) / 2**15, file.getframerate()


def seconds(piece, until=None):
    """Time of a step by the tempo map."""
    end = piece.end_steps if until is None else until
    onsets = [min(t.onset_steps, end) for t in piece.tempos] + [end]
    spans = zip(piece.tempos, onsets, onsets[1:])
    return sum((after - on) * t.usec_per_quarter for t, on, after in spans) / 24e6
