"""Single MIDI messages as bytes: what a written file says beside its notes. mido knows how."""

from __future__ import annotations

from collections.abc import Iterable

import mido

from lstm_music.midi.private import AddedPlace, Pickup, added_payload, pickup_payload
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter

PEDAL = 64


def _text(kind: str, text: str) -> bytes:
    """A text event in UTF-8.

    mido writes Latin-1 (its ``charset`` is a global that another thread may be using), so it is
    given text whose Latin-1 bytes are the UTF-8 bytes of ``text``.
    """
    latin = text.encode("utf-8", "replace").decode("latin-1")
    return bytes(mido.MetaMessage(kind, **{_FIELDS[kind]: latin}).bytes())


_FIELDS = {"track_name": "name", "cue_marker": "text"}


def track_name(text: str) -> bytes:
    """The name of a track chunk."""
    return _text("track_name", text)


def cue_point(text: str) -> bytes:
    """A remark; a plain text event would be engraved into the score by notation programs."""
    return _text("cue_marker", text)


def pickup_event(pickup: Pickup) -> bytes:
    """Our own event; see ``private``."""
    data = tuple(pickup_payload(pickup))
    return bytes(mido.MetaMessage("sequencer_specific", data=data).bytes())


def added_event(places: Iterable[AddedPlace]) -> bytes:
    """Our own event that names the places where we have added music; see ``private``."""
    data = tuple(added_payload(places))
    return bytes(mido.MetaMessage("sequencer_specific", data=data).bytes())


def key_signature(key: Key) -> bytes:
    """A key; mido names it ``"Bb"`` or ``"F#m"``."""
    tonic, mode = str(key).split()
    name = tonic + ("m" if mode == "minor" else "")
    return bytes(mido.MetaMessage("key_signature", key=name).bytes())


def time_signature(meter: Meter) -> bytes:
    """A meter; the metronome clicks on dotted beats in compound meters."""
    compound = meter.denominator >= 8 and meter.numerator % 3 == 0 and meter.numerator > 3
    message = mido.MetaMessage(
        "time_signature",
        numerator=meter.numerator,
        denominator=meter.denominator,
        clocks_per_click=24 * 4 * (3 if compound else 1) // meter.denominator,
    )
    return bytes(message.bytes())


def set_tempo(usec_per_quarter: int) -> bytes:
    """A tempo."""
    return bytes(mido.MetaMessage("set_tempo", tempo=usec_per_quarter).bytes())


def midi_port(port: int) -> bytes:
    """The port of a track chunk."""
    return bytes(mido.MetaMessage("midi_port", port=port).bytes())


def program_change(channel: int, program: int) -> bytes:
    """A program, 0..127, of a channel, 0..15."""
    return bytes(mido.Message("program_change", channel=channel, program=program).bytes())


def control_change(channel: int, control: int, value: int) -> bytes:
    """A controller, 0..127, of a channel, 0..15."""
    message = mido.Message("control_change", channel=channel, control=control, value=value)
    return bytes(message.bytes())
