"""The one thing that we write into a MIDI file and no standard event can say: a pickup bar.

It travels as a sequencer-specific meta event under 0x7D, the maker's number that is free for
non-commercial use. Other programs skip it.
"""

from __future__ import annotations

import re

_PICKUP = b"\x7dlstm_music pickup_steps=%d"
_PICKUP_PATTERN = re.compile(rb"\x7dlstm_music pickup_steps=(\d{1,6})")


def pickup_payload(pickup_steps: int) -> bytes:
    """Payload of the meta event for an incomplete first bar of ``pickup_steps``."""
    return _PICKUP % pickup_steps


def parse_pickup(payload: bytes) -> int:
    """The ``pickup_steps`` in a payload, 0 if it is somebody else's."""
    match = _PICKUP_PATTERN.fullmatch(payload)
    return int(match[1]) if match else 0
