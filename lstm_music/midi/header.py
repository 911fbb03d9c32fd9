"""The header chunk of a Standard MIDI File."""

from __future__ import annotations

from typing import NamedTuple

from lstm_music.errors import MidiError

_HEADER_BYTES = 14
_CHUNK_HEADER_BYTES = 8


class Header(NamedTuple):
    """Format 0 or 1, tracks announced, ticks a quarter (1..32767), offset of the next chunk."""

    format: int
    n_tracks: int
    ticks_per_quarter: int
    end: int


def read_header(data: bytes) -> Header:
    """Read the header chunk; a longer one than today's is stepped over.

    Parameters
    ----------
    data : the whole file.

    Raises
    ------
    MidiError : no header, or a format or time division that cannot be read.
    """
    if len(data) < _HEADER_BYTES or not data.startswith(b"MThd"):
        reason = f"not a MIDI file: expected MThd and at least {_HEADER_BYTES} bytes"
        raise MidiError(f"{reason}, got {data[:4]!r} and {len(data)}", offset=0)
    length = int.from_bytes(data[4:8], "big")
    midi_format, n_tracks, division = (int.from_bytes(data[i : i + 2], "big") for i in (8, 10, 12))
    if not 6 <= length <= len(data) - _CHUNK_HEADER_BYTES:
        raise MidiError(f"the header's length must be 6, got {length}", offset=4)
    if midi_format == 2:
        reason = "format 2 (unrelated patterns) cannot be read; save it as format 1"
        raise MidiError(reason, offset=8)
    if midi_format > 2:
        raise MidiError(f"the format must be 0 or 1, got {midi_format}", offset=8)
    if division >= 0x8000:
        reason = "times in SMPTE frames cannot be read; save it with ticks a quarter note"
        raise MidiError(reason, offset=12)
    if division == 0:
        raise MidiError("ticks a quarter note must be 1 or more, got 0", offset=12)
    return Header(midi_format, n_tracks, division, _CHUNK_HEADER_BYTES + length)
