"""What a piece can be written as, by the ending of a file's name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lstm_music.errors import OutputError
from lstm_music.files import atomic_write
from lstm_music.midi.content import MIDI_SUFFIXES
from lstm_music.music.piece import Piece

SUFFIXES = (".mid", ".midi", ".musicxml", ".xml", ".mxl", ".wav", ".json", ".csv")
"""What is written, besides MIDI under its other endings and under a name without one."""

_MIDI = MIDI_SUFFIXES | {""}


def check_format(suffix: str) -> None:
    """Fail before the music is made as `to_bytes` would after it.

    Parameters
    ----------
    suffix : the ending of a name, such as ".mid"; "" is MIDI. Upper case is as lower.

    Raises
    ------
    OutputError : nothing is written under that ending, or a program for it is missing.
    """
    suffix = suffix.lower()
    if suffix not in _MIDI and suffix not in SUFFIXES:
        raise OutputError(f"{suffix} is not written; name it one of {' '.join(SUFFIXES)}")
    if suffix == ".wav":
        from lstm_music.midi.export.sound import check_sound

        check_sound()


def to_bytes(
    piece: Piece, suffix: str, *, text: str = "", request: Mapping[str, Any] | None = None
) -> bytes:
    """The content of a file of the piece.

    Parameters
    ----------
    piece : the music.
    suffix : as of `check_format`; decides what is written.
    text : how it was made; kept in MIDI (a cue point), MusicXML and JSON.
    request : what was asked for, of what JSON can say; kept in JSON.

    Returns
    -------
    bytes
        The same for the same arguments, for sound with the same FluidSynth and sound font.

    Raises
    ------
    OutputError : as `check_format`, or FluidSynth failed.
    MidiError : the piece holds what MIDI cannot say, for MIDI and sound.

    Examples
    --------
    >>> to_bytes(Piece(), ".csv").decode().split(",")[:3]
    ['track', 'pitch', 'velocity']
    """
    suffix = suffix.lower()
    check_format(suffix)
    if suffix in _MIDI:
        from lstm_music.midi.write import to_midi_bytes

        return to_midi_bytes(piece, text=text)
    if suffix == ".wav":
        from lstm_music.midi.export.sound import wav_bytes

        return wav_bytes(piece)
    from lstm_music.midi.export import tables

    if suffix == ".json":
        return tables.json_bytes(piece, text, request)
    if suffix == ".csv":
        return tables.csv_bytes(piece)
    from lstm_music.midi.export.musicxml import compressed, musicxml_bytes

    data = musicxml_bytes(piece, text)
    return compressed(data) if suffix == ".mxl" else data


def write_piece(
    piece: Piece, path: str | os.PathLike[str], *, force: bool = False, text: str = ""
) -> None:
    """Write a file of the kind that its ending names, whole or not at all.

    Parameters
    ----------
    piece : the music.
    path : the file.
    force : whether a file of that name may be replaced.
    text : as of `to_bytes`.

    Raises
    ------
    OutputExistsError : the file exists and ``force`` is False.
    OutputError : as `to_bytes`, or the file cannot be written there.
    MidiError : as `to_bytes`.
    """
    data = to_bytes(piece, Path(path).suffix, text=text)
    atomic_write(path, data, overwrite=force)
