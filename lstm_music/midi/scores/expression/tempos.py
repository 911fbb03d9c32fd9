"""The tempos that a score asks for: metronome marks, words, and what changes by and by."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from lstm_music.midi.scores.expression.marks import Mark, extents
from lstm_music.midi.scores.expression.tempo_words import tempo_of
from lstm_music.midi.scores.repeats import Measure
from lstm_music.music.grid import STEPS_PER_QUARTER, STEPS_PER_WHOLE
from lstm_music.music.piece import DEFAULT_USEC_PER_QUARTER, Tempo

_ABSOLUTE = ("word", "range", "sound", "metronome")
_RANKS = ("word", "ratio", "first", "back", "range", "sound", "modulation", "metronome")
"""Of several at a place the last of these counts: what is printed as a number before all."""

_NEAR_BARS = 4
"""A ritardando lasts to the next tempo if that is so near, else to the end of the next bar."""

_MIN_BPM, _MAX_BPM = 4.0, 1000.0  # as Tempo.from_bpm
_DEFAULT_BPM = 60e6 / DEFAULT_USEC_PER_QUARTER


class _Change(NamedTuple):
    """A change of tempo: its kind is "ramp" or one of ``_RANKS``, its value as in `TempoWord`.

    ``is_passing``: "a tempo" will not come back to it.
    """

    onset: int
    kind: str
    value: float
    end: int | None = None
    is_passing: bool = False


def score_tempos(
    marks: Iterable[Mark], measures: Sequence[Measure], end: int
) -> tuple[list[Tempo], bool]:
    """The tempos that marks of all parts ask for, and whether any of them states a tempo.

    A gradual change is a new tempo on each beat. It lasts as long as its dashes; without any, to
    the next tempo or the end of the piece if they are near, else to the end of the next bar. Then
    the tempo before comes back, unless "a tempo" is still to come.

    Parameters
    ----------
    measures : written, in order; none when the score has no bars.
    end : where the last note ends, in steps.
    """
    changes = _in_order(_changes(marks))
    base = now = _DEFAULT_BPM
    first: float | None = None
    tempos: list[Tempo] = []
    for change, following in zip_longest(changes, changes[1:]):
        if change.kind == "ramp":
            tempos += _ramp(change, following, (now, base), measures, end)
            now = tempos[-1].tempo_bpm
            continue
        now = _bpm(change, base, first)
        if change.kind in _ABSOLUTE and first is None:
            first = now
        if not change.is_passing:
            base = now
        tempos.append(Tempo.from_bpm(now, change.onset))
    return tempos, first is not None


def _changes(marks: Iterable[Mark]) -> Iterator[_Change]:
    marks = list(marks)
    for part in dict.fromkeys(mark.part for mark in marks):
        for mark, end in extents(mark for mark in marks if mark.part == part):
            if mark.kind == "words" and (word := tempo_of(mark.text)):
                kind = "metronome" if word.kind == "bpm" else word.kind
                yield _Change(mark.onset, kind, word.value, end)
            elif mark.kind in _RANKS:
                yield _Change(mark.onset, mark.kind, mark.value)


def _in_order(changes: Iterable[_Change]) -> list[_Change]:
    """One at a place, and a gradual change that begins there.

    The same ritardando told to several parts, one soon after the other, counts once. Where a
    tempo that is not printed says how slow a ritardando is, it stands for it.
    """
    places: dict[int, dict[str, _Change]] = {}
    for change in changes:
        if change.kind not in _ABSOLUTE or _MIN_BPM <= change.value <= _MAX_BPM:
            places.setdefault(change.onset, {}).setdefault(change.kind, change)
    kept: list[_Change] = []
    last_ramp: _Change | None = None
    for _, place in sorted(places.items()):
        ramp = place.pop("ramp", None)
        if place:
            change = max(place.values(), key=lambda change: _RANKS.index(change.kind))
            is_ramp = ramp is not None and change.kind == "sound" and change.onset > 0
            kept.append(change._replace(is_passing=is_ramp))
            last_ramp, ramp = None, None if is_ramp else ramp
        if ramp and not (last_ramp and _is_same_ramp(last_ramp, ramp)):
            kept.append(ramp)
            last_ramp = ramp
    return kept


def _is_same_ramp(before: _Change, change: _Change) -> bool:
    is_soon = change.onset - before.onset < STEPS_PER_WHOLE
    return is_soon and (before.value < 1) == (change.value < 1)


def _bpm(change: _Change, base: float, first: float | None) -> float:
    if change.kind == "back":
        return base
    if change.kind == "first":
        return first or base
    relative = change.kind in ("ratio", "modulation")
    return _playable(base * change.value if relative else change.value)


def _playable(bpm: float) -> float:
    return min(max(bpm, _MIN_BPM), _MAX_BPM)


def _ramp(
    change: _Change,
    following: _Change | None,
    now_and_base: tuple[float, float],
    measures: Sequence[Measure],
    end: int,
) -> list[Tempo]:
    """A tempo a beat from the one now to a part of the one before, and that one again."""
    start, (now, base) = change.onset, now_and_base
    beat, next_bar_end, near = _bars_at(start, measures)
    limit = end if following is None else following.onset
    stop = change.end or (limit if limit <= near else next_bar_end)
    stop = max(min(stop, limit), start + 1)
    aim = _playable(base * change.value)
    if (aim < now) != (change.value < 1):  # as slow as that already
        aim = _playable(now * change.value)
    n = max((stop - start) // beat, 1)
    tempos = [Tempo.from_bpm(now + (aim - now) * (i + 1) / n, start + i * beat) for i in range(n)]
    if stop < limit and (following is None or following.kind not in ("back", "first")):
        tempos.append(Tempo.from_bpm(base, stop))
    return tempos


def _bars_at(onset: int, measures: Sequence[Measure]) -> tuple[int, int, int]:
    """At a place: length of a beat, the end of the next bar, and what is still near, in steps."""
    i = bisect_right(measures, onset, key=lambda measure: measure.onset_steps) - 1
    if i < 0:
        return STEPS_PER_QUARTER, onset + 2 * STEPS_PER_WHOLE, onset + _NEAR_BARS * STEPS_PER_WHOLE
    measure, following = measures[i], measures[min(i + 1, len(measures) - 1)]
    is_compound = measure.denominator >= 8 and measure.numerator % 3 == 0 < measure.numerator - 3
    beat = STEPS_PER_WHOLE // measure.denominator * (3 if is_compound else 1)
    next_bar_end = following.onset_steps + following.length_steps
    return max(beat, 1), next_bar_end, onset + _NEAR_BARS * measure.bar_steps
