"""What we write into a MIDI file and no standard event can say: settled bars, and what we added.

Meter and pickup of a file of ours were chosen or inferred once; reading it back must not infer
anew. A sequencer-specific meta event under 0x7D, the maker's number that is free for
non-commercial use, says so and names the pickup. Another names the places where we added music.
Other programs skip both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from lstm_music.errors import ConfigError
from lstm_music.music.meter import Meter

OURS = b"\x7dlstm_music "
"""With this every payload of ours begins."""

_PATTERN = re.compile(
    rb"\x7dlstm_music pickup_steps=(\d{1,6}) own_bar=([01])(?: meter=(\d{1,3}/\d{1,3}))?"
    rb"( restated)?"
)
_PLACES = re.compile(rb"\x7dlstm_music added((?: \d{1,10}(?:\.\d{1,10}){6})*)")


class Pickup(NamedTuple):
    """The incomplete first bar of a file whose bars are settled.

    Parameters
    ----------
    steps : its length; 0 where the first bar is full.
    own_bar : whether the file has a meter of that length for it.
    meter : the meter at the beginning where the file's own event says another or none.
    restated : whether meters that repeat the one before only overrule the file's and begin no bar.
    """

    steps: int
    own_bar: bool
    meter: Meter | None = None
    restated: bool = False


def pickup_payload(pickup: Pickup) -> bytes:
    """Payload of the meta event that says so."""
    said = b"\x7dlstm_music pickup_steps=%d own_bar=%d" % pickup[:2]
    said += b" meter=%s" % str(pickup.meter).encode() if pickup.meter else b""
    return said + b" restated" * pickup.restated


def parse_pickup(payload: bytes) -> Pickup | None:
    """The pickup in a payload, None if it is somebody else's."""
    match = _PATTERN.fullmatch(payload)
    if not match:
        return None
    try:
        meter = Meter.parse(match[3].decode()) if match[3] else None
    except ConfigError:
        return None
    return Pickup(int(match[1]), match[2] == b"1", meter, match[4] is not None)


class AddedPlace(NamedTuple):
    """A stretch of an instrument that we have written, in the file's own terms.

    ``instrument`` is its (chunk, port, channel, program, drums or not), as of ``Instrument``.
    """

    instrument: tuple[int, int, int, int, int]
    start_ticks: int
    end_ticks: int


def added_payload(places: Iterable[AddedPlace]) -> bytes:
    """Payload of the meta event that names the places; there may be none."""
    numbers = [(*place.instrument, *place[1:]) for place in places]
    return OURS + b"added" + b"".join(b" %d.%d.%d.%d.%d.%d.%d" % row for row in numbers)


def parse_added(payload: bytes) -> tuple[AddedPlace, ...] | None:
    """The places in a payload, None if it is not about them."""
    match = _PLACES.fullmatch(payload)
    if not match:
        return None
    rows = [tuple(map(int, row.split(b"."))) for row in match[1].split()]
    return tuple(AddedPlace((a, b, c, d, e), start, end) for a, b, c, d, e, start, end in rows)
