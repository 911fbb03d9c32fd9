"""One `read` for every music file: MIDI by our scanner, all other formats through music21.

What is for scores only is imported when there is one: a MIDI file needs none of it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_music.errors import ConfigError
from lstm_music.midi.read import read_midi, read_midi_pieces
from lstm_music.midi.regular_file import read_regular
from lstm_music.music.piece import Piece
from lstm_music.music.rhythm import understand

if TYPE_CHECKING:
    from lstm_music.midi.foreign import WorkerLimits

MIDI_SUFFIXES = frozenset({".mid", ".midi", ".kar", ".rmi", ".smf"})
READERS = ("lstm_music", "music21")
"""Who reads MIDI files: our scanner, or music21 as the reference."""

_MIDI_MAGIC = (b"MThd", b"RIFF")


def read(
    path: str | os.PathLike[str], *, reader: str = "lstm_music", strict: bool = False
) -> Piece:
    """Read a music file of any format; of a file of several pieces the first.

    A file that starts as MIDI is read as MIDI whatever its name; else its ending decides. Meter
    and pickup are settled where the file leaves them open (`lstm_music.music.rhythm`).

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
    if is_midi(path) and reader != "music21":
        return remembered(understand(read_midi(path, strict=strict)))
    from lstm_music.midi import foreign

    if is_midi(path):
        return understand(foreign.read_midi_through_music21(path, strict=strict))
    return _understood(foreign.read_score(path, strict=strict))


def read_pieces(
    path: str | os.PathLike[str],
    *,
    reader: str = "lstm_music",
    strict: bool = False,
    expand_repeats: bool = True,
    limits: WorkerLimits | None = None,
) -> list[Piece]:
    """Read all pieces of a music file: the tunes of an ABC book, the patterns of a MIDI file.

    Parameters
    ----------
    path, reader, strict : as in `read`.
    expand_repeats : play repeats of a score out, else each section once with its last ending.
    limits : what reading through music21 may take; ``foreign.CORPUS_FILE`` for one of many
        files; None: ``foreign.SINGLE_FILE``.

    Raises
    ------
    MidiError, ConfigError : as `read`.
    """
    path = _checked(path, reader)
    if is_midi(path) and reader != "music21":
        return [remembered(understand(p)) for p in read_midi_pieces(path, strict=strict)]
    from lstm_music.midi import foreign

    limits = limits or foreign.SINGLE_FILE
    if is_midi(path):
        return [understand(foreign.read_midi_through_music21(path, strict=strict, limits=limits))]
    options = {"expand_repeats": expand_repeats, "strict": strict}
    return [_understood(p) for p in foreign.read_scores(path, **options, limits=limits)]


def remembered(piece: Piece) -> Piece:
    """The piece with its original knowing it as it is now: what is added later, is new.

    A piece without an original comes back as it is.
    """
    if piece.original is None:
        return piece
    as_read = piece.replace(notes=piece.notes.copy(), pedal=piece.pedal.copy(), original=None)
    return piece.replace(original=replace(piece.original, as_read=as_read))


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


def _understood(piece: Piece) -> Piece:
    """A score's piece; who wrote a meter into a score meant it, and has told its pickup."""
    return understand(piece) if "meter" in piece.unstated else piece
