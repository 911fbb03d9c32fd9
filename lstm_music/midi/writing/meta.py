"""Single MIDI messages as bytes: what a written file says beside its notes.

Written here rather than by mido, whose import takes every command 20 ms; the tests hold each of
them against mido's.
"""

from __future__ import annotations

from collections.abc import Iterable

from lstm_music.errors import MidiError
from lstm_music.midi.private import AddedPlace, Pickup, added_payload, pickup_payload
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter

PEDAL = 64

_TRACK_NAME, _CUE_POINT, _PORT = 0x03, 0x07, 0x21
_TEMPO, _METER, _KEY, _OWN = 0x51, 0x58, 0x59, 0x7F


def track_name(text: str) -> bytes:
    """The name of a track chunk."""
    return _meta(_TRACK_NAME, text.encode("utf-8", "replace"))


def cue_point(text: str) -> bytes:
    """A remark; a plain text event would be engraved into the score by notation programs."""
    return _meta(_CUE_POINT, text.encode("utf-8", "replace"))


def pickup_event(pickup: Pickup) -> bytes:
    """Our own event; see ``private``."""
    return _meta(_OWN, pickup_payload(pickup))


def added_event(places: Iterable[AddedPlace]) -> bytes:
    """Our own event that names the places where we have added music; see ``private``."""
    return _meta(_OWN, added_payload(places))


def key_signature(key: Key) -> bytes:
    """A key: sharps in two's complement, and 1 for minor."""
    return _meta(_KEY, bytes([key.sharps & 0xFF, key.mode == "minor"]))


def time_signature(meter: Meter) -> bytes:
    """A meter; the metronome clicks on dotted beats in compound meters."""
    compound = meter.denominator >= 8 and meter.numerator % 3 == 0 and meter.numerator > 3
    clocks = 24 * 4 * (3 if compound else 1) // meter.denominator
    power_of_two = meter.denominator.bit_length() - 1
    return _meta(_METER, bytes([meter.numerator, power_of_two, clocks, 8]))


def set_tempo(usec_per_quarter: int) -> bytes:
    """A tempo."""
    return _meta(_TEMPO, usec_per_quarter.to_bytes(3, "big"))


def midi_port(port: int) -> bytes:
    """The port of a track chunk."""
    return _meta(_PORT, bytes([port]))


def program_change(channel: int, program: int) -> bytes:
    """A program, 0..127, of a channel, 0..15."""
    return _of_channel(0xC0, channel, program)


def control_change(channel: int, control: int, value: int) -> bytes:
    """A controller, 0..127, of a channel, 0..15."""
    return _of_channel(0xB0, channel, control, value)


def _of_channel(status: int, channel: int, *data: int) -> bytes:
    """A channel message.

    Raises
    ------
    MidiError : a number would be another message.
    """
    if not 0 <= channel < 16 or not all(0 <= value < 128 for value in data):
        raise MidiError(f"a channel must be 0..15 and its data 0..127, got {channel} and {data}")
    return bytes([status | channel, *data])


def _meta(kind: int, payload: bytes) -> bytes:
    """A meta event: its kind, the length of its payload in groups of seven bits, the payload."""
    length, groups = len(payload), list[int]()
    while True:
        groups.append(length & 0x7F | (0x80 if groups else 0))
        length >>= 7
        if not length:
            return bytes([0xFF, kind, *reversed(groups)]) + payload
