"""How long a piece is by its end marks, where they stand later than its last note."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lstm_music.midi.raw import RawMidi, Repair
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.meter import BarLines, Meter

_MOST_BARS = 16
_UNSURE = frozenset({"unclosed_note", "no_end_of_track", "event_cut", "no_status"})


def told_length(raw: RawMidi, meters: Sequence[Meter], pickup_steps: int, end_steps: int) -> int:
    """The last end mark that stands on a bar line behind the last note, in steps; else 0.

    It is believed if the rest before it is no longer than the music and than 16 bars, and nothing
    was mended that says where a track ends.

    Parameters
    ----------
    raw : the scanned file.
    meters, pickup_steps : of the piece.
    end_steps : where its last note ends.
    """
    chunks = raw.chunks
    if raw.format == 2:
        chunks = chunks[raw.notes["mtrk"][:1]]
    per_tick, ticks = STEPS_PER_QUARTER * raw.quarters, raw.ticks
    if raw.in_frames or int(chunks["ticks"].max()) * per_tick <= end_steps * ticks:
        return 0
    if _is_unsure(raw.repairs):
        return 0
    lines = BarLines(meters, pickup_steps)
    for end in sorted(set(chunks["ticks"].tolist()), reverse=True):
        step = (2 * end * per_tick + ticks) // (2 * ticks)
        is_near = abs(step * ticks - end * per_tick) <= per_tick  # a tick off at most
        if is_near and step > end_steps and lines.bar_start(step) == step:
            most = min(end_steps, _MOST_BARS * lines.meter_at(end_steps).bar_steps)
            return step if step - end_steps <= most else 0
    return 0


def _is_unsure(repairs: Iterable[Repair]) -> bool:
    return any(repair.kind in _UNSURE for repair in repairs)
