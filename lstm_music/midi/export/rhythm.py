"""How a bar's notes and rests are written: note values, dots, ties and triplets on the grid.

A bar is cut into windows (a half, a quarter, an eighth, ...). A window whose notes all begin and
end on 32nds is written plainly, any other as a triplet. Every step of the grid is a 64th of a
triplet, so every duration can be written, if need be with ties.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lstm_music.music.grid import STEPS_PER_QUARTER, STEPS_PER_WHOLE
from lstm_music.music.meter import Meter

_SMALLEST = 3  # steps: a 32nd, the smallest note value outside triplets

_TYPES = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd")
_PLAIN = {2 * STEPS_PER_WHOLE >> i: name for i, name in enumerate(_TYPES)}
# In a triplet, two thirds of the plain value: a 64th lasts one step.
_TRIPLET = {2 * size // 3: name for size, name in _PLAIN.items()} | {1: "64th"}


class Value(NamedTuple):
    """A note value, such as a dotted eighth."""

    type: str
    dots: int


class Segment(NamedTuple):
    """A note or rest as written, or a piece of one that is tied together.

    Parameters
    ----------
    start, end : steps from where the bar would begin if it were full.
    span : which of the spans it belongs to.
    value : the note value; in a triplet the one that is written there.
    triplet : start and length of its triplet, in steps; None outside of one.
    """

    start: int
    end: int
    span: int
    value: Value
    triplet: tuple[int, int] | None


class Span(NamedTuple):
    """What sounds, or rests, from ``start`` to ``end``, as in `Segment`."""

    start: int
    end: int
    is_rest: bool


def _values(plain: dict[int, str]) -> dict[int, Value]:
    dotted = {size * 3 // 2: Value(name, 1) for size, name in plain.items() if size % 2 == 0}
    return dotted | {size: Value(name, 0) for size, name in plain.items()}


_PLAIN_VALUES = {steps: v for steps, v in _values(_PLAIN).items() if steps % _SMALLEST == 0}
_TRIPLET_VALUES = _values(_TRIPLET)


def written(spans: Sequence[Span], meter: Meter) -> list[Segment]:
    """The notes and rests of one voice of a bar, as they are written.

    Parameters
    ----------
    spans : in order, each beginning where the one before ends.
    meter : of the bar.

    Returns
    -------
    list of Segment
        In order; together they are as long as the spans.

    Examples
    --------
    >>> [s.value.type for s in written([Span(0, 60, False), Span(60, 96, True)], Meter(0, 4, 4))]
    ['half', 'eighth', 'eighth', 'quarter']
    """
    if not spans:
        return []
    cuts = sorted({s.start for s in spans} | {spans[-1].end})
    root = _root_window(meter)
    first = spans[0].start // root * root
    triplets = [
        triplet
        for start in range(first, spans[-1].end, root)
        for triplet in _triplets(cuts, start, root)
    ]
    levels = _levels(meter)
    segments: list[Segment] = []
    for i, span in enumerate(spans):
        for start, end, triplet in _by_triplets(span, triplets):
            if triplet is None:
                inner, shift, values = levels, 0, _PLAIN_VALUES
            else:
                inner, shift, values = _triplet_levels(triplet[1]), triplet[0], _TRIPLET_VALUES
            for a, b in _split(start - shift, end - shift, inner, values, span.is_rest):
                segments.append(Segment(a + shift, b + shift, i, values[b - a], triplet))
    return segments


def _root_window(meter: Meter) -> int:
    """The largest triplet that a meter has room for: over a whole note in 4/4, a beat in 3/4."""
    unit = STEPS_PER_WHOLE // meter.denominator
    n = meter.numerator
    while n % 2 == 0 and unit < STEPS_PER_WHOLE:
        n, unit = n // 2, unit * 2
    if meter.denominator >= 8 and meter.numerator % 3 == 0:  # compound: the eighth, not two of them
        return STEPS_PER_WHOLE // meter.denominator
    return unit


def _triplets(cuts: Sequence[int], start: int, size: int) -> Iterator[tuple[int, int]]:
    """The triplets within a window, as (start, length)."""
    inside = [cut - start for cut in cuts if start < cut < start + size]
    if all(cut % _SMALLEST == 0 for cut in inside):
        return
    third, half = size // 3, size // 2
    if all(cut % third == 0 for cut in inside):
        yield start, size
    elif size > STEPS_PER_QUARTER or (size > _SMALLEST and _halves(inside, half)):
        yield from _triplets(cuts, start, half)
        yield from _triplets(cuts, start + half, half)
    else:
        yield start, size


def _halves(inside: Sequence[int], half: int) -> bool:
    """Whether a window reads better as two: a note begins there, or each half is simple."""
    first = [cut for cut in inside if cut < half]
    second = [cut - half for cut in inside if cut > half]
    return half in inside or (_is_simple(first, half) and _is_simple(second, half))


def _is_simple(cuts: Sequence[int], size: int) -> bool:
    return any(all(cut % unit == 0 for cut in cuts) for unit in (_SMALLEST, size // 3))


def _by_triplets(
    span: Span, triplets: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, tuple[int, int] | None]]:
    """The span cut where a triplet begins or ends."""
    at = span.start
    for start, size in triplets:
        if start + size <= at or start >= span.end:
            continue
        if at < start:
            yield at, start, None
            at = start
        end = min(start + size, span.end)
        yield at, end, (start, size)
        at = end
    if at < span.end:
        yield at, span.end, None


def _levels(meter: Meter) -> tuple[int, ...]:
    """Lengths of the metrical levels in steps, from the bar down; each divides the one before."""
    levels, n = [meter.bar_steps], meter.bar_steps // meter.beat_steps
    while n % 2 == 0:
        n //= 2
        levels.append(levels[-1] // 2)
    if n > 1:
        levels.append(meter.beat_steps)
    if levels[-1] % (3 * _SMALLEST) == 0 and meter.beat_steps % 9 == 0:  # compound beats
        levels.append(levels[-1] // 3)
    while levels[-1] % (2 * _SMALLEST) == 0:
        levels.append(levels[-1] // 2)
    return tuple(levels)


def _triplet_levels(size: int) -> tuple[int, ...]:
    levels = [size, size // 3]
    while levels[-1] > 1:
        levels.append(levels[-1] // 2)
    return tuple(levels)


def _split(
    start: int, end: int, levels: Sequence[int], values: dict[int, Value], is_rest: bool
) -> Iterator[tuple[int, int]]:
    """A span in pieces that are note values and show where the beats are."""
    points = _strongest_inside(start, end, levels)
    if end - start in values and (not points or _shows_beats(start, end, points, levels, is_rest)):
        yield start, end
        return
    later = _rank(start, levels) <= _rank(end, levels)
    cut = points[-1] if later else points[0]
    yield from _split(start, cut, levels, values, is_rest)
    yield from _split(cut, end, levels, values, is_rest)


def _rank(at: int, levels: Sequence[int]) -> int:
    """How strong a place is: 0 for a bar line."""
    return next((i for i, size in enumerate(levels) if at % size == 0), len(levels))


def _strongest_inside(start: int, end: int, levels: Iterable[int]) -> list[int]:
    for size in levels:
        points = list(range(start // size * size + size, end, size))
        if points:
            return points
    return []


def _shows_beats(
    start: int, end: int, points: Sequence[int], levels: Sequence[int], is_rest: bool
) -> bool:
    """Whether one note value hides no beat stronger than where it begins or ends."""
    inner, first, last = (_rank(at, levels) for at in (points[0], start, end))
    if is_rest:
        return inner > max(first, last)
    edge = min(first, last)
    if inner >= edge:
        return not _hides_compound_beat(start, end, inner, levels)
    is_syncope = len(points) == 1 and edge == inner + 1 and levels[inner] == 2 * levels[edge]
    return is_syncope and start + end == 2 * points[0]


def _hides_compound_beat(start: int, end: int, inner: int, levels: Sequence[int]) -> bool:
    """A half note in 6/8: it crosses a dotted beat, and ends within one."""
    below = inner + 1
    is_compound = below < len(levels) and levels[inner] == 3 * levels[below]
    return is_compound and (start % levels[inner] != 0 or end % levels[inner] != 0)
