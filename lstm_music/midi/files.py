"""One `read` for every music file: MIDI by our scanner, all other formats through music21."""

from __future__ import annotations

import os
from pathlib import Path

from lstm_music.errors import ConfigError, MidiError
from lstm_music.midi import foreign
from lstm_music.midi.foreign import SINGLE_FILE, WorkerLimits
from lstm_music.midi.read import read_midi
from lstm_music.midi.regular_file import read_regular
from lstm_music.music.piece import Piece

MIDI_SUFFIXES = frozenset({".mid", ".midi", ".kar", ".rmi", ".smf"})
READERS = ("lstm_music", "music21")
"""Who reads MIDI files: our scanner, or music21 as the reference."""

_MIDI_MAGIC = (b"MThd", b"RIFF")


def read(
    path: str | os.PathLike[str], *, reader: str = "lstm_music", strict: bool = False
) -> Piece:
    """Read a music file of any format; of a file of several pieces the first.

    A file that starts as MIDI is read as MIDI whatever its name; else its ending decides.

    Parameters
    ----------
    path : the file.
    reader : of ``READERS``; who reads a MIDI file. The others are always music21's.
    strict : refuse a file in which something had to be mended.

    Raises
    ------
    MidiError : no such file, an unknown format, or the file cannot be read as music.
    ConfigError : no such reader, or no Python to run music21 in.
    """
    path = _checked(path, reader)
    if not is_midi(path):
        return foreign.read_score(path, strict=strict)
    return _read_midi(path, reader, strict, SINGLE_FILE)


def read_pieces(
    path: str | os.PathLike[str],
    *,
    reader: str = "lstm_music",
    strict: bool = False,
    expand_repeats: bool = True,
    limits: WorkerLimits = SINGLE_FILE,
) -> list[Piece]:
    """Read all pieces of a music file: the tunes of an ABC book, the scores of a kern file.

    Parameters
    ----------
    path, reader, strict : as in `read`.
    expand_repeats : play repeats of a score out, else each section once with its last ending.
    limits : what reading through music21 may take; ``CORPUS_FILE`` for one of many files.

    Raises
    ------
    MidiError, ConfigError : as `read`.
    """
    path = _checked(path, reader)
    if not is_midi(path):
        options = {"expand_repeats": expand_repeats, "strict": strict}
        return foreign.read_scores(path, **options, limits=limits)
    return [_read_midi(path, reader, strict, limits)]


def is_midi(path: Path) -> bool:
    """Whether a file is to be read as MIDI, by its ending or its first bytes.

    Raises
    ------
    MidiError : it cannot be opened.
    """
    return path.suffix.lower() in MIDI_SUFFIXES or read_regular(path, 4)[:4] in _MIDI_MAGIC


def _checked(path: str | os.PathLike[str], reader: str) -> Path:
    if reader not in READERS:
        raise ConfigError(f"reader must be one of {', '.join(READERS)}, got {reader!r}")
    return Path(path)


def _read_midi(path: Path, reader: str, strict: bool, limits: WorkerLimits) -> Piece:
    if reader == "music21":
        return foreign.read_midi_through_music21(path, limits=limits)
    piece = read_midi(path)
    if strict and piece.repairs:
        raise MidiError(f"something in it must be mended: {piece.repairs[0]}", path=path)
    return piece
