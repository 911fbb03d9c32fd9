"""The header chunk of a Standard MIDI File."""

from __future__ import annotations

import struct
from typing import NamedTuple

from lstm_music.errors import MidiError
from lstm_music.midi.container import Window
from lstm_music.midi.raw import Repair

_FIELDS = struct.Struct(">IHHH")  # length, format, tracks, division
_HEADER_BYTES = 14
_CHUNK_HEADER_BYTES = 8
_FIELD_BYTES = 6
_LAST_FORMAT = 2

# Ticks that fill some whole number of quarter notes, for one tick a frame. Time in frames runs by
# the clock; it becomes quarter notes of half a second, 120 a minute.
_FRAME_RATES = {24: (24, 2), 25: (25, 2), 29: (30_000, 2002), 30: (30, 2)}  # 29 means 29.97


class Header(NamedTuple):
    """What the header chunk says.

    ``ticks`` ticks last ``quarters`` quarter notes. The next chunk begins at ``end``.
    """

    format: int
    n_tracks: int
    ticks: int
    quarters: int
    in_frames: bool
    start: int
    end: int
    repairs: tuple[Repair, ...]


def read_header(data: bytes, window: Window) -> Header:
    """Read the header chunk; a longer one than today's is stepped over.

    Parameters
    ----------
    data : the whole file.
    window : where in it the MIDI bytes lie.

    Raises
    ------
    MidiError : no header, or a time division that cannot be read.
    """
    start, end, wrapper = window
    if end - start < _HEADER_BYTES or not data.startswith(b"MThd", start):
        reason = f"not a MIDI file: expected MThd and at least {_HEADER_BYTES} bytes"
        got = f"got {data[start : start + 4]!r} and {end - start}"
        raise MidiError(f"{reason}, {got}", offset=start)
    length, midi_format, n_tracks, division = _FIELDS.unpack_from(data, start + 4)
    ticks, quarters = _division(division, start + 12)
    repairs = list(wrapper)
    if midi_format > _LAST_FORMAT:
        repairs.append(Repair("format_unknown", 1, start + 8))
        midi_format = 1
    after = _end(data, window, length, repairs)
    in_frames = division >= 0x8000
    return Header(midi_format, n_tracks, ticks, quarters, in_frames, start, after, tuple(repairs))


def _end(data: bytes, window: Window, length: int, repairs: list[Repair]) -> int:
    """Where the header chunk ends; its length is not believed if a track stands nearer."""
    start, end, _ = window
    if length == _FIELD_BYTES:
        return start + _HEADER_BYTES
    if length > end - start - _CHUNK_HEADER_BYTES:
        raise MidiError(f"the header's length must be 6, got {length}", offset=start + 4)
    declared = start + _CHUNK_HEADER_BYTES + length
    if length > _FIELD_BYTES and not data.startswith(b"MTrk", start + _HEADER_BYTES):
        return declared
    repairs.append(Repair("header_length", 1, start + 4))
    return start + _HEADER_BYTES


def _division(division: int, offset: int) -> tuple[int, int]:
    """(ticks, the quarter notes they last)."""
    if division == 0:
        raise MidiError("ticks a quarter note must be 1 or more, got 0", offset=offset)
    if division < 0x8000:
        return division, 1
    rate, ticks_per_frame = 0x100 - (division >> 8), division & 0xFF
    if rate not in _FRAME_RATES or ticks_per_frame == 0:
        raise MidiError(
            "time in SMPTE frames must be 24, 25, 29 or 30 frames a second of 1 to 255 ticks, "
            f"got {rate} of {ticks_per_frame}",
            offset=offset,
        )
    ticks, quarters = _FRAME_RATES[rate]
    return ticks * ticks_per_frame, quarters
