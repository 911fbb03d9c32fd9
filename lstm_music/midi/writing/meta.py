"""Single MIDI messages as bytes: what a written file says beside its notes.

The Standard MIDI Files 1.0 specification has their layout ("Meta-Events"). They are written out
here because a library for it takes longer to import than the whole file takes to write.
"""

from __future__ import annotations

from collections.abc import Iterable

from lstm_music.midi.private import AddedPlace, Pickup, added_payload, pickup_payload
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter

PEDAL = 64

_META = 0xFF
_TRACK_NAME, _CUE_POINT, _PORT = 0x03, 0x07, 0x21
_TEMPO, _TIME_SIGNATURE, _KEY_SIGNATURE, _OUR_OWN = 0x51, 0x58, 0x59, 0x7F
_CONTROL_CHANGE, _PROGRAM_CHANGE = 0xB0, 0xC0
_32NDS_A_QUARTER = 8


def _meta_event(kind: int, data: bytes) -> bytes:
    return bytes((_META, kind, *_variable_length(len(data)))) + data


def _variable_length(value: int) -> list[int]:
    """Seven bits a byte, the highest first; all bytes but the last have bit 7 set."""
    found = [value & 0x7F]
    while value := value >> 7:
        found.insert(0, value & 0x7F | 0x80)
    return found


def _text(kind: int, text: str) -> bytes:
    return _meta_event(kind, text.encode("utf-8", "replace"))


def track_name(text: str) -> bytes:
    """The name of a track chunk, in UTF-8."""
    return _text(_TRACK_NAME, text)


def cue_point(text: str) -> bytes:
    """A remark; a plain text event would be engraved into the score by notation programs."""
    return _text(_CUE_POINT, text)


def pickup_event(pickup: Pickup) -> bytes:
    """Our own event; see ``private``."""
    return _meta_event(_OUR_OWN, bytes(pickup_payload(pickup)))


def added_event(places: Iterable[AddedPlace]) -> bytes:
    """Our own event that names the places where we have added music; see ``private``."""
    return _meta_event(_OUR_OWN, bytes(added_payload(places)))


def key_signature(key: Key) -> bytes:
    """A key: its sharps, flats as negative ones, and whether it is minor."""
    return _meta_event(_KEY_SIGNATURE, bytes((key.sharps & 0xFF, key.mode == "minor")))


def time_signature(meter: Meter) -> bytes:
    """A meter; the metronome clicks on dotted beats in compound meters."""
    compound = meter.denominator >= 8 and meter.numerator % 3 == 0 and meter.numerator > 3
    clocks_per_click = 24 * 4 * (3 if compound else 1) // meter.denominator
    power = meter.denominator.bit_length() - 1
    data = bytes((meter.numerator, power, clocks_per_click, _32NDS_A_QUARTER))
    return _meta_event(_TIME_SIGNATURE, data)


def set_tempo(usec_per_quarter: int) -> bytes:
    """A tempo."""
    return _meta_event(_TEMPO, usec_per_quarter.to_bytes(3))


def midi_port(port: int) -> bytes:
    """The port of a track chunk."""
    return _meta_event(_PORT, bytes((port,)))


def program_change(channel: int, program: int) -> bytes:
    """A program, 0..127, of a channel, 0..15."""
    return bytes((_PROGRAM_CHANGE | channel, program))


def control_change(channel: int, control: int, value: int) -> bytes:
    """A controller, 0..127, of a channel, 0..15."""
    return bytes((_CONTROL_CHANGE | channel, control, value))
