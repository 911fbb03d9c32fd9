"""One `read` for every music file: MIDI by our scanner, all other formats through music21."""

from __future__ import annotations

import os
from pathlib import Path

from lstm_music.errors import MidiError
from lstm_music.midi import foreign
from lstm_music.midi.read import read_midi
from lstm_music.music.piece import Piece

MIDI_SUFFIXES = frozenset({".mid", ".midi", ".kar", ".rmi", ".smf"})
_MIDI_MAGIC = (b"MThd", b"RIFF")


def read(path: str | os.PathLike[str]) -> Piece:
    """Read a music file of any format.

    A file that starts as MIDI is read as MIDI whatever its name; else its ending decides.

    Raises
    ------
    MidiError : no such file, an unknown format, or the file cannot be read as music.
    """
    path = Path(path)
    if path.suffix.lower() in MIDI_SUFFIXES or _starts_as_midi(path):
        return read_midi(path)
    return foreign.read_score(path)


def _starts_as_midi(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in _MIDI_MAGIC
    except OSError as error:
        raise MidiError(f"cannot be read: {error.strerror}", path=path) from error
