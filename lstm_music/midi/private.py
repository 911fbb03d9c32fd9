"""The one thing that we write into a MIDI file and no standard event can say: a pickup bar.

It travels as a sequencer-specific meta event under 0x7D, the maker's number that is free for
non-commercial use. Other programs skip it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PATTERN = re.compile(rb"\x7dlstm_music pickup_steps=(\d{1,6}) own_bar=([01])")


class Pickup(NamedTuple):
    """An incomplete first bar, and whether the file has a meter of that length for it."""

    steps: int
    own_bar: bool


def pickup_payload(pickup: Pickup) -> bytes:
    """Payload of the meta event that says so."""
    return b"\x7dlstm_music pickup_steps=%d own_bar=%d" % pickup


def parse_pickup(payload: bytes) -> Pickup | None:
    """The pickup in a payload, None if it is somebody else's."""
    match = _PATTERN.fullmatch(payload)
    return Pickup(int(match[1]), match[2] == b"1") if match else None
