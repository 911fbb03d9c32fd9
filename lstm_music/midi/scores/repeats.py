"""From written measures to sounding time: repeats unfolded, meters and the pickup found.

Plain integers and labels only, so that the rules can be read and tested without a score library.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lstm_music.music.grid import STEPS_PER_WHOLE
from lstm_music.music.meter import DENOMINATORS, MAX_NUMERATOR, Meter

MAX_PASSES = 8
"""A repeat is played at most this often, whatever the file asks for."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One written measure: where it stands, its nominal meter, and its repeat signs.

    ``times`` is how often a section that ends here with a repeat is played; ``endings`` are the
    passes that play this measure (a volta bracket), empty for all; ``signs`` are those of
    `jumps`.
    """

    onset_steps: int
    length_steps: int
    numerator: int = 4
    denominator: int = 4
    repeat_start: bool = False
    repeat_end: bool = False
    times: int = 2
    endings: tuple[int, ...] = ()
    signs: frozenset[str] = frozenset()

    @property
    def bar_steps(self) -> int:
        """Length of a full bar of the nominal meter."""
        return self.numerator * STEPS_PER_WHOLE // self.denominator


def passes_of_label(text: str) -> str:
    """The passes that the label of an ending names, as numbers and ranges; "" for none.

    Examples
    --------
    >>> passes_of_label("1.-3."), passes_of_label("1., 2."), passes_of_label("last")
    ('1-3', '1, 2', '')
    """
    found = re.findall(r"(\d{1,3})(?:\.?\s*[-\u2013]\s*(\d{1,3}))?", text)
    return ", ".join(f"{first}-{last}" if last else first for first, last in found)


def playing_order(measures: Sequence[Measure]) -> list[int]:
    """Indices of the measures in the order they sound, repeats and voltas followed."""
    order: list[int] = []
    section, current_pass, i = 0, 1, 0
    while i < len(measures):
        measure = measures[i]
        leaves_volta = not measure.endings and i > section and bool(measures[i - 1].endings)
        if i != section and (measure.repeat_start or leaves_volta):
            section, current_pass = i, 1
        if measure.endings and current_pass not in measure.endings:
            i += 1
            continue
        order.append(i)
        if not measure.repeat_end:
            i += 1
        elif current_pass < _passes(measures, i):
            current_pass += 1
            i = section
        else:
            i += 1
            if not (i < len(measures) and measures[i].endings):
                section, current_pass = i, 1
    return order


def once_through(measures: Sequence[Measure]) -> list[int]:
    """Indices of the measures with no repeat taken, each section with its last ending only."""
    order: list[int] = []
    for i, measure in enumerate(measures):
        if not measure.endings or last_pass(measures, i) in measure.endings:
            order.append(i)
    return order


def last_pass(measures: Sequence[Measure], i: int) -> int:
    """The last pass through the section of the adjoining endings about measure ``i``.

    It plays the ending of the highest number. Where a single bracket ends with a repeat sign, no
    other stands beside it, and the last pass leaves it out.
    """
    first = last = i
    while first > 0 and measures[first - 1].endings:
        first -= 1
    while last + 1 < len(measures) and measures[last + 1].endings:
        last += 1
    about = measures[first : last + 1]
    alone = all(measure.endings == about[0].endings for measure in about)
    highest = max(number for measure in about for number in measure.endings)
    return highest + (alone and about[-1].repeat_end)


def _passes(measures: Sequence[Measure], repeat_end: int) -> int:
    """How often the section that ends at this repeat sign is played."""
    measure = measures[repeat_end]
    passes = last_pass(measures, repeat_end) if measure.endings else measure.times
    return min(passes, MAX_PASSES)


def unfold(measures: Sequence[Measure], order: Sequence[int]) -> list[Measure]:
    """The measures as they sound, one after the other, without repeat signs."""
    unfolded: list[Measure] = []
    onset = 0
    for i in order:
        m = measures[i]
        unfolded.append(Measure(onset, m.length_steps, m.numerator, m.denominator))
        onset += m.length_steps
    return unfolded


def meters_and_pickup(measures: Sequence[Measure]) -> tuple[tuple[Meter, ...], int, list[str]]:
    """The meter map of the sounding measures, the pickup in steps, and what had to be mended.

    A measure shorter or longer than its meter gets a meter of its own length, so that every later
    bar line stands where the score has it. Measures that together fill a bar (the end of a
    section and the pickup of the next) need none.
    """
    measures = _prevailing(measures)
    repairs: list[str] = []
    pickup = 0
    changes: list[tuple[int, int, int]] = []
    i = 0
    if measures and 0 < measures[0].length_steps < measures[0].bar_steps and len(measures) > 1:
        pickup = measures[0].length_steps
        changes.append((0, measures[0].numerator, measures[0].denominator))
        i = 1
    while i < len(measures):
        measure = measures[i]
        taken, length = _bar_of(measures, i)
        last = i + taken == len(measures)
        if length == measure.bar_steps or (last and length < measure.bar_steps):
            changes.append((measure.onset_steps, measure.numerator, measure.denominator))
        elif meter := _meter_of_length(length, measure.denominator):
            changes.append((measure.onset_steps, *meter))
        elif length:
            changes.append((measure.onset_steps, measure.numerator, measure.denominator))
            repairs.append(
                f"a bar of {length} steps fits no meter and is counted as a bar of the meter before"
            )
        i += taken
    return _as_meters(changes, pickup), pickup, repairs


def _prevailing(measures: Sequence[Measure]) -> list[Measure]:
    """Give a broken bar the meter about it, where a reader invented one for each fragment."""
    mended = list(measures)
    for i in range(1, len(mended)):
        meter = (mended[i - 1].numerator, mended[i - 1].denominator)
        length, j = 0, i
        while j < len(mended) and (mended[j].numerator, mended[j].denominator) != meter:
            length += mended[j].length_steps
            j += 1
            if length > mended[i - 1].bar_steps:
                break
        if j < len(mended) and i < j and length <= mended[i - 1].bar_steps:
            numerator, denominator = meter
            for k in range(i, j):
                mended[k] = replace(mended[k], numerator=numerator, denominator=denominator)
    return mended


def _bar_of(measures: Sequence[Measure], i: int) -> tuple[int, int]:
    """How many short measures from ``i`` on share one nominal bar, and their length together."""
    bar, length, taken = measures[i].bar_steps, measures[i].length_steps, 1
    for measure in measures[i + 1 : i + 3]:
        if measure.bar_steps != bar or length + measure.length_steps > bar:
            break
        length += measure.length_steps
        taken += 1
    return taken, length


def _meter_of_length(length_steps: int, denominator: int) -> tuple[int, int] | None:
    """The meter that is exactly this long, in the given beat unit or a finer one."""
    for unit in DENOMINATORS:
        beats, rest = divmod(length_steps * unit, STEPS_PER_WHOLE)
        if unit >= denominator and not rest and 1 <= beats <= MAX_NUMERATOR:
            return beats, unit
    return None


def _as_meters(changes: Sequence[tuple[int, int, int]], pickup_steps: int) -> tuple[Meter, ...]:
    """Keep the changes that change the meter or move a bar line."""
    by_onset = {onset: Meter(onset, num, den) for onset, num, den in changes}
    meters = [by_onset[onset] for onset in sorted(by_onset)] or [Meter(0, 4, 4)]
    kept = meters[:1]
    for meter in meters[1:]:
        now = (kept[-1].numerator, kept[-1].denominator)
        line = kept[-1].onset_steps + (pickup_steps if len(kept) == 1 else 0)
        if now != (meter.numerator, meter.denominator) or (
            (meter.onset_steps - line) % meter.bar_steps
        ):
            kept.append(meter)
    return tuple(kept)
