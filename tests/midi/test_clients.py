"""Files of our writer in real programs: MuseScore reads a score, FluidSynth makes sound."""

import os
import shutil
import subprocess
import wave
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from paths import MIDI_DATA

from lstm_music.midi.read import read_midi
from lstm_music.midi.write import write_midi

pytestmark = pytest.mark.clients

SOUNDFONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")


def needs(program):
    absent = shutil.which(program) is None
    return pytest.mark.skipif(absent, reason=f"needs {program}, which is not installed")


@pytest.fixture
def rewritten(tmp_path):
    """Reads a file of midi_data and writes it with our writer; gives piece and path."""

    def rewrite(name):
        piece = read_midi(MIDI_DATA / f"{name}.mid")
        path = tmp_path / f"{name}.mid"
        write_midi(piece, path, text="written by a test")
        return piece, path

    return rewrite


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


@needs("mscore3")
@pytest.mark.parametrize("name", ["chorale_pickup", "jig", "band", "meter_change", "five_four"])
def test_muse_score_reads_a_score(name, rewritten, tmp_path):
    piece, path = rewritten(name)
    score = score_of(path, tmp_path)
    part_names = texts(score, "part-name")
    assert len(part_names) == len(piece.tracks)
    for track, part_name in zip(piece.tracks, part_names, strict=True):
        assert part_name.endswith(track.name)
    first_part = score.find("part")
    meters = list(zip(texts(first_part, "beats"), texts(first_part, "beat-type"), strict=True))
    assert [tuple(map(int, m)) for m in meters] == [
        (m.numerator, m.denominator) for m in piece.meters
    ]
    assert int(texts(first_part, "fifths")[0]) == piece.key.sharps
    n_bars = piece.bar_lines.bar_at(piece.end_steps - 1) + 1
    assert len(first_part.findall("measure")) == n_bars
    starts = [n for n in score.iter("note") if n.find("rest") is None and not is_tied_over(n)]
    assert len(starts) == len(piece.notes)


def is_tied_over(note):
    return any(tie.get("type") == "stop" for tie in note.findall("tie"))


@needs("mscore3")
def test_muse_score_sees_the_pickup_as_one(rewritten, tmp_path):
    _, path = rewritten("pickup")
    first = score_of(path, tmp_path).find("part").find("measure")
    assert first.get("implicit") == "yes"
    assert (texts(first, "beats"), texts(first, "beat-type")) == (["4"], ["4"])


@needs("mscore3")
def test_muse_score_hears_the_drums_as_drums(rewritten, tmp_path):
    _, path = rewritten("band")
    last_part = score_of(path, tmp_path).findall("part")[-1]
    assert texts(last_part, "sign")[0] == "percussion"


@needs("mscore3")
@pytest.mark.parametrize("suffix", [".pdf", ".png"])
def test_muse_score_engraves_a_page(suffix, rewritten, tmp_path):
    _, path = rewritten("waltz")
    muse_score(path, tmp_path / f"page{suffix}")
    (page,) = tmp_path.glob(f"page*{suffix}")
    assert page.stat().st_size > 10_000


def rendered(path, target):
    """Samples in -1..1, (n, 2), and the rate."""
    command = ["fluidsynth", "-ni", "-R", "0", "-C", "0", "-r", "22050", "-F", str(target)]
    command += [str(SOUNDFONT), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with wave.open(str(target)) as file:
        frames = file.readframes(file.getnframes())
        return np.frombuffer(frames, "<i2").reshape(-1, 2) / 2**15, file.getframerate()


@needs("fluidsynth")
@pytest.mark.skipif(not SOUNDFONT.is_file(), reason=f"needs the sound font {SOUNDFONT}")
@pytest.mark.parametrize("name", ["single_note", "waltz", "drums", "tempo_change"])
def test_fluidsynth_makes_sound_for_as_long_as_the_piece(name, rewritten, tmp_path):
    piece, path = rewritten(name)
    samples, rate = rendered(path, tmp_path / "out.wav")
    loudness = np.sqrt(np.mean(samples**2))
    assert loudness > 0.001
    assert np.abs(samples).max() < 1
    assert samples.shape[0] / rate >= seconds(piece)
    # Sound from the first onset on, and none before it.
    first = int(seconds(piece, piece.notes["onset_steps"].min()) * rate)
    assert np.abs(samples[first : first + rate // 4]).max() > 0.005


def seconds(piece, until=None):
    """Time of a step by the tempo map."""
    end = piece.end_steps if until is None else until
    onsets = [min(t.onset_steps, end) for t in piece.tempos] + [end]
    spans = zip(piece.tempos, onsets, onsets[1:])
    return sum((after - on) * t.usec_per_quarter for t, on, after in spans) / 24e6


@needs("fluidsynth")
@pytest.mark.skipif(not SOUNDFONT.is_file(), reason=f"needs the sound font {SOUNDFONT}")
def test_fluidsynth_plays_the_pitch(rewritten, tmp_path):
    """The strongest partial of the rendered note lies on a harmonic of C4, 261.6 Hz."""
    _, path = rewritten("single_note")
    samples, rate = rendered(path, tmp_path / "out.wav")
    spectrum = np.abs(np.fft.rfft(samples[: rate // 2].mean(axis=1) * np.hanning(rate // 2)))
    peak_hz = spectrum.argmax() * rate / (rate // 2)
    harmonic = peak_hz / 261.63
    assert round(harmonic) >= 1
    assert abs(harmonic - round(harmonic)) < 0.02
