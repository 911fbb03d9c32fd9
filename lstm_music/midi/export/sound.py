"""A Piece as sound: FluidSynth, a program of its own, plays our MIDI file with a sound font."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from lstm_music.errors import OutputError
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.piece import Piece

PROGRAM = "fluidsynth"
SOUND_FONT_VARIABLE = "LSTM_MUSIC_SOUNDFONT"
"""The environment variable that names a sound font (``.sf2``, ``.sf3``)."""

SAMPLE_RATE_HZ = 44_100
MAX_SECONDS = 600
"""Of the program's work; it plays some fifty times as fast as music goes."""

_FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/sounds/sf3",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
    "~/.local/share/soundfonts",
    "~/Library/Audio/Sounds/Banks",
    "/Library/Audio/Sounds/Banks",
    "C:/soundfonts",
)
_ENDINGS = frozenset({".sf2", ".sf3"})
_INSTALL = (
    "install both, for example `apt install fluidsynth timgm6mb-soundfont`, `brew install "
    "fluid-synth`, or write .mid"
)


def check_sound() -> tuple[str, Path]:
    """The program and the sound font that will be used.

    Raises
    ------
    OutputError : one of them is missing; it says what to install.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise OutputError(f".wav is played by {PROGRAM}, which is not installed; {_INSTALL}")
    return program, sound_font()


def sound_font() -> Path:
    """The file that `SOUND_FONT_VARIABLE` names, else the first one in the usual folders.

    Raises
    ------
    OutputError : there is none.
    """
    if chosen := os.environ.get(SOUND_FONT_VARIABLE):
        if not Path(chosen).is_file():
            raise OutputError(
                f"{SOUND_FONT_VARIABLE} names {chosen}, which is no file; expected a sound font"
            )
        return Path(chosen)
    for folder in _FOLDERS:
        found = Path(folder).expanduser()
        fonts = sorted(p for p in found.glob("*") if p.suffix.lower() in _ENDINGS)
        if fonts:
            return fonts[0]
    raise OutputError(
        f".wav needs a sound font, and none is in the usual folders; set {SOUND_FONT_VARIABLE} "
        f"to one (.sf2), or {_INSTALL}"
    )


def wav_bytes(piece: Piece) -> bytes:
    """The piece as a WAV file: 16 bits, stereo, `SAMPLE_RATE_HZ`; it rings out at the end.

    Raises
    ------
    OutputError : FluidSynth or a sound font is missing, or it failed.
    MidiError : the piece holds what MIDI cannot say.
    """
    program, font = check_sound()
    with tempfile.TemporaryDirectory(prefix="lstm_music-") as folder:
        midi, wav = Path(folder, "piece.mid"), Path(folder, "piece.wav")
        midi.write_bytes(to_midi_bytes(piece))
        command = [program, "-ni", "-q", "-r", str(SAMPLE_RATE_HZ), "-O", "s16", "-T", "wav"]
        command += ["-F", str(wav), str(font), str(midi)]
        problem = _run(command)
        if problem or not wav.is_file() or not wav.stat().st_size:
            raise OutputError(
                f"{PROGRAM} made no sound with {font} ({problem or 'it wrote nothing'}); "
                f"try another sound font ({SOUND_FONT_VARIABLE}), or write .mid"
            )
        return wav.read_bytes()


def _run(command: list[str]) -> str:
    """What went wrong; "" if nothing did. What the program prints is caught."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it took more than {MAX_SECONDS} s"
    except OSError as error:
        return error.strerror or str(error)
    if not done.returncode:
        return ""
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return said[-1] if said else f"exit code {done.returncode}"
