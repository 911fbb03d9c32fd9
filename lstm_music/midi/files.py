"""One `read` for every music file: MIDI by our scanner, all other formats through music21.

What is for scores only is imported when there is one: a MIDI file needs none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from lstm_music.errors import ConfigError, MidiError
from lstm_music.midi.content import MIDI, MIDI_SUFFIXES, Content, MusicSource, read_content
from lstm_music.midi.read import read_midi_bytes, read_midi_pieces_bytes
from lstm_music.music.listening.rhythm import infer_meter, with_meter
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece

if TYPE_CHECKING:
    from lstm_music.midi.scores.foreign import WorkerLimits

__all__ = ["MIDI_SUFFIXES", "READERS", "read", "read_pieces"]

READERS = ("lstm_music", "music21")
"""Who reads MIDI files: our scanner, or music21 as the reference."""

_Result = TypeVar("_Result")


def read(source: MusicSource, *, reader: str = "lstm_music", strict: bool = False) -> Piece:
    """Read a music file of any format; of a file of several pieces the first.

    A file that starts as MIDI is read as MIDI whatever its name; else its ending decides, or its
    first bytes where it has no name. Meter and pickup are settled where the file leaves them open
    (`lstm_music.music.listening.rhythm`).

    Parameters
    ----------
    source : a path; or the content of a file, as bytes or as an open binary file. Without an
        ending, MIDI, MusicXML, MEI, ABC and kern are known.
    reader : of ``READERS``; who reads a MIDI file. The others are always music21's.
    strict : refuse a file in which something had to be mended.

    Raises
    ------
    MidiError : no such file, an unknown format, or the file cannot be read as music.
    ConfigError : no such reader or source, or no Python to run music21 in.

    Examples
    --------
    >>> from pathlib import Path
    >>> path = Path("midi_data/jig.mid")
    >>> read(path) == read(path.read_bytes())
    True
    """
    content = _content(source, reader)
    if content.kind == MIDI and reader != "music21":
        return remembered(infer_meter(_read_midi(content, read_midi_bytes, strict)))
    from lstm_music.midi.scores import foreign

    piece = foreign.read_score_bytes(content.data, content.kind, source=content.name, strict=strict)
    return _with_inferred_meter(piece, content)


def read_pieces(
    source: MusicSource,
    *,
    reader: str = "lstm_music",
    strict: bool = False,
    expand_repeats: bool = True,
    limits: WorkerLimits | None = None,
) -> list[Piece]:
    """Read all pieces of a music file: the tunes of an ABC book, the patterns of a MIDI file.

    Parameters
    ----------
    source, reader, strict : as in `read`.
    expand_repeats : play repeats of a score out, else each section once with its last ending.
    limits : what reading through music21 may take; ``foreign.CORPUS_FILE`` for one of many
        files; None: ``foreign.SINGLE_FILE``.

    Raises
    ------
    MidiError, ConfigError : as `read`.
    """
    content = _content(source, reader)
    if content.kind == MIDI and reader != "music21":
        pieces = _read_midi(content, read_midi_pieces_bytes, strict)
        return [remembered(infer_meter(piece)) for piece in pieces]
    from lstm_music.midi.scores import foreign

    pieces = foreign.read_scores_bytes(
        content.data,
        content.kind,
        source=content.name,
        strict=strict,
        expand_repeats=expand_repeats,
        limits=limits or foreign.SINGLE_FILE,
    )
    return [_with_inferred_meter(piece, content) for piece in pieces]


def remembered(piece: Piece) -> Piece:
    """The piece with its original knowing it as it is now: what is added later, is new.

    A piece without an original comes back as it is.
    """
    if piece.original is None:
        return piece
    as_read = piece.replace(notes=piece.notes.copy(), pedal=piece.pedal.copy(), original=None)
    return piece.replace(original=replace(piece.original, as_read=as_read))


def restated(piece: Piece, meter: Meter | None = None, pickup_steps: int | None = None) -> Piece:
    """`with_meter`; the file that the piece is written into then says so, too.

    Parameters
    ----------
    piece : as from `read`.
    meter, pickup_steps : as of `with_meter`.

    Raises
    ------
    ConfigError : the pickup is as long as a bar, or longer.
    """
    piece = remembered(with_meter(piece, meter, pickup_steps))
    if piece.original is None:
        return piece
    return piece.replace(original=replace(piece.original, chosen_meter=piece.meters[0]))


def _content(source: MusicSource, reader: str) -> Content:
    if reader not in READERS:
        raise ConfigError(f"reader must be one of {', '.join(READERS)}, got {reader!r}")
    return read_content(source)


def _read_midi(content: Content, read_bytes: Callable[..., _Result], strict: bool) -> _Result:
    try:
        return read_bytes(content.data, source=content.name, strict=strict)
    except MidiError as error:
        raise MidiError(error.reason, path=content.name or None, offset=error.offset) from error


def _with_inferred_meter(piece: Piece, content: Content) -> Piece:
    """A score's piece; who wrote a meter into a score meant it, and has told its pickup."""
    return infer_meter(piece) if content.kind == MIDI or "meter" in piece.unstated else piece
