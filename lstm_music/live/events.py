"""MIDI messages as bytes, and what they say."""

from __future__ import annotations

from typing import NamedTuple

CLOCK, START, CONTINUE, STOP, SONG_POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
DRUM_CHANNEL = 9

SUSTAIN, ALL_SOUND_OFF, ALL_NOTES_OFF = 64, 120, 123

_NOTE_OFF, _NOTE_ON, _CONTROL, _PROGRAM = 0x80, 0x90, 0xB0, 0xC0


class Timed(NamedTuple):
    """A message and when it sounds, in the seconds of the port's own clock."""

    seconds: float
    message: bytes


class NoteEvent(NamedTuple):
    """A key struck, or let go where the velocity is 0; channel from 0."""

    channel: int
    pitch: int
    velocity: int


class ControlEvent(NamedTuple):
    """A controller moved to 0..127; channel from 0."""

    channel: int
    number: int
    value: int


def note_of(message: bytes) -> NoteEvent | None:
    """The key that a message strikes or lets go; None: it is about no key."""
    if len(message) != 3 or message[0] & 0xE0 != _NOTE_OFF:
        return None
    is_on = message[0] & 0xF0 == _NOTE_ON
    return NoteEvent(message[0] & 0x0F, message[1], message[2] if is_on else 0)


def control_of(message: bytes) -> ControlEvent | None:
    """The controller that a message moves; None: it moves none."""
    if len(message) != 3 or message[0] & 0xF0 != _CONTROL:
        return None
    return ControlEvent(message[0] & 0x0F, message[1], message[2])


def song_position_of(message: bytes) -> int | None:
    """Grid steps from the beginning of the song; None: another message.

    A song position counts 16th notes, six ticks of the clock; a tick is a step.
    """
    if len(message) != 3 or message[0] != SONG_POSITION:
        return None
    return 6 * (message[1] | message[2] << 7)


def note_on(channel: int, pitch: int, velocity: int) -> bytes:
    """A key struck."""
    return bytes((_NOTE_ON | channel, pitch, velocity))


def note_off(channel: int, pitch: int) -> bytes:
    """A key let go."""
    return bytes((_NOTE_OFF | channel, pitch, 0))


def control_change(channel: int, number: int, value: int) -> bytes:
    """A controller moved."""
    return bytes((_CONTROL | channel, number, value))


def program_change(channel: int, program: int) -> bytes:
    """An instrument chosen."""
    return bytes((_PROGRAM | channel, program))
