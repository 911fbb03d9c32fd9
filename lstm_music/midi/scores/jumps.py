"""D.C., D.S., Fine, To Coda and Coda: what they say, and the order in which bars sound by them.

Plain integers and strings only, as in `repeats`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from lstm_music.midi.scores.repeats import Measure, last_pass, playing_order

DA_CAPO, DAL_SEGNO = "da capo", "dal segno"
AL_FINE, AL_CODA = "al fine", "al coda"
WITH_REPEATS = "with repeats"
SEGNO, CODA, TO_CODA, FINE = "segno", "coda", "to coda", "fine"
CODA_AT_END = "coda at end"
"""A coda's sign where a bar ends: one leaves there, or the coda begins with the next bar."""

STARTS = frozenset({SEGNO, CODA})
"""Signs that stand where a bar begins; the others are obeyed where it ends."""

MAX_JUMPS = 16
"""So many are followed at most, whatever the file asks for."""

MAX_SECTIONS = 256
"""So many are played at most of a list of sections."""

_CODA_SIGNS = "\U0001d10c\ue048"  # Unicode's and SMuFL's
_SEGNO_SIGNS = "\U0001d10b\ue047"
_FROM_START = re.compile(r"\bda capo\b|\bd ?\. ?c ?\.|^d ?c\b|^from the (beginning|top)\b")
_FROM_SIGN = re.compile(r"\b(dal|del) segno\b|\bd ?\. ?s ?\.|^d ?s\b|^from the sign\b")
_TO_CODA = re.compile(r"\b(to|al|alla|a la|zur) ?(the )?coda\b")
_END = re.compile(r"\b(al|alla) ?fine\b|\bto (the )?(fine|end)\b|\bbis fine\b")
_LAST_TIME = re.compile(r"^(\d+(x|st|nd|rd|th)?|last|ultima)\b( ?(time|volta))? ?")
_REPEATS = re.compile(r"\b(repeats?|ripetizion[ei]|replic[ah]e?|repris(e|es)|wiederholung(en)?)\b")
_WITH_REPEATS = re.compile(r"(with|con|avec|mit) (all |the )?" + _REPEATS.pattern)
_NO_REPEATS = re.compile(r"\b(no|not|without|senza|sans|ohne)\b")
_ALONE = {
    "fine": FINE,
    "fin": FINE,
    "coda": CODA,
    "the coda": CODA,
    "segno": SEGNO,
}


def signs_of_text(text: str) -> frozenset[str]:
    """What the words at a place in a score tell the player; nothing for other words.

    Examples
    --------
    >>> sorted(signs_of_text("D.C. al Fine")), sorted(signs_of_text("To Coda"))
    (['al fine', 'da capo'], ['to coda'])
    """
    for sign in _CODA_SIGNS:
        text = text.replace(sign, " coda ")
    for sign in _SEGNO_SIGNS:
        text = text.replace(sign, " segno ")
    text = " ".join(text.casefold().split()).strip(" ()[]\"'*-:;,")
    found: set[str] = set()
    if jump := _FROM_START.search(text):
        found.add(DA_CAPO)
    elif jump := _FROM_SIGN.search(text):
        found.add(DAL_SEGNO)
    if jump is None:
        alone = _ALONE.get(_LAST_TIME.sub("", text).strip(". "))
        told = {alone} if alone else {TO_CODA} if _TO_CODA.match(text) else set()
        return frozenset(told or ({WITH_REPEATS} if _WITH_REPEATS.match(text) else ()))
    if _END.search(text):
        found.add(AL_FINE)
    if _TO_CODA.search(text):
        found.add(AL_CODA)
    if _REPEATS.search(text, jump.end()) and not _NO_REPEATS.search(text):
        found.add(WITH_REPEATS)
    return frozenset(found)


def sounding_order(measures: Sequence[Measure]) -> list[int]:
    """Indices of the measures in the order they sound: repeats, voltas and jumps followed.

    Each jump is taken once, after the repeats at its place. Repeats are not taken again after it
    unless it says so, and of the endings the last is played, or the one with the sign to leave at.
    """
    measures = _with_ways_to_coda(measures)
    order: list[int] = []
    taken: set[int] = set()
    stretch, leaving = playing_order(measures), _Leaving()
    while True:
        stop = _stop(measures, stretch, leaving, taken)
        if stop is None:
            return order + stretch
        order += stretch[: stop + 1]
        i = stretch[stop]
        signs = measures[i].signs
        if leaving.obeys(FINE, measures, i):
            return order
        repeats = True
        if leaving.obeys(TO_CODA, measures, i) and _coda_after(measures, i) >= 0:
            start, leaving = _coda_after(measures, i), _Leaving()
        else:
            taken.add(i)
            start, leaving = _target(measures, i), _leaving_of_jump(signs, i)
            repeats = WITH_REPEATS in signs
        rest = measures[start:]
        repeats |= any(WITH_REPEATS in measure.signs for measure in rest)
        stretch = playing_order(rest) if repeats else _straight_on(rest, leaving.signs)
        stretch = [start + k for k in stretch]


@dataclass(frozen=True, slots=True)
class _Leaving:
    """The signs at which one leaves after a jump, up to and with measure ``until``."""

    signs: frozenset[str] = frozenset()
    until: int = 0

    def obeys(self, sign: str, measures: Sequence[Measure], i: int) -> bool:
        return sign in self.signs & measures[i].signs and i <= self.until


def _leaving_of_jump(signs: Set[str], i: int) -> _Leaving:
    """A jump that names no sign obeys both, as far as its own place."""
    if AL_FINE in signs:
        return _Leaving(frozenset({FINE}), sys.maxsize)
    if AL_CODA in signs:
        return _Leaving(frozenset({TO_CODA}), sys.maxsize)
    return _Leaving(frozenset({FINE, TO_CODA}), i)


def order_of_sections(
    sections: Sequence[tuple[str, int]], names: Sequence[str], n_measures: int
) -> list[int]:
    """Indices of the measures of the named sections, one after the other.

    ``sections`` are names with the index of their first measure, in order; what stands before the
    first is played first. Nothing where a name is unknown.
    """
    starts = [min(start, n_measures) for _, start in sections]
    ends = [*starts[1:], n_measures]
    spans = {
        name: range(start, end)
        for (name, _), start, end in zip(sections, starts, ends, strict=False)
    }
    if not names or any(name not in spans for name in names):
        return []
    order = list(range(starts[0]))
    for name in names[:MAX_SECTIONS]:
        order += spans[name]
    return order


def lost_jumps(measures: Sequence[Measure]) -> int:
    """How many D.S. have no segno to go back to; they are not followed."""
    return sum(
        DAL_SEGNO in measure.signs and _target(measures, i) < 0
        for i, measure in enumerate(measures)
    )


def _stop(
    measures: Sequence[Measure], stretch: Sequence[int], leaving: _Leaving, taken: Set[int]
) -> int | None:
    """The place in a stretch where it is left: at the last pass of a measure with a sign to."""
    last_pass = {i: place for place, i in enumerate(stretch)}
    for place, i in enumerate(stretch):
        signs = measures[i].signs
        if not signs or last_pass[i] != place:
            continue
        if leaving.obeys(FINE, measures, i):
            return place
        if leaving.obeys(TO_CODA, measures, i) and _coda_after(measures, i) >= 0:
            return place
        is_jump = bool(signs & {DA_CAPO, DAL_SEGNO}) and _target(measures, i) >= 0
        if is_jump and i not in taken and len(taken) < MAX_JUMPS:
            return place
    return None


def _target(measures: Sequence[Measure], i: int) -> int:
    """Where the jump at measure ``i`` goes: the beginning, or the last segno before it; or -1."""
    if DA_CAPO in measures[i].signs:
        return 0
    return max((k for k in range(i + 1) if SEGNO in measures[k].signs), default=-1)


def _coda_after(measures: Sequence[Measure], i: int) -> int:
    later = (k for k in range(i + 1, len(measures)) if CODA in measures[k].signs)
    return next(later, -1)


def _with_ways_to_coda(measures: Sequence[Measure]) -> list[Measure]:
    """Where the sign alone stands twice, the first is where one leaves for the second."""
    mended = list(measures)
    codas = [i for i, measure in enumerate(measures) if measure.signs & {CODA, CODA_AT_END}]
    if len(codas) > 1 and not any(TO_CODA in measure.signs for measure in measures):
        first = mended[codas[0]]
        signs = first.signs - {CODA, CODA_AT_END} | {TO_CODA}
        mended[codas[0]] = replace(first, signs=signs)
    for i, measure in enumerate(mended[1:], start=1):
        if CODA_AT_END in mended[i - 1].signs:
            mended[i] = replace(measure, signs=measure.signs | {CODA})
    return mended


def _straight_on(measures: Sequence[Measure], leaving: Set[str]) -> list[int]:
    """Indices with no repeat taken; of endings side by side, one."""
    order: list[int] = []
    i = 0
    while i < len(measures):
        after = i
        while after < len(measures) and measures[after].endings:
            after += 1
        if after == i:
            order.append(i)
            i += 1
            continue
        chosen = next((k for k in range(i, after) if measures[k].signs & leaving), None)
        number = last_pass(measures, i) if chosen is None else measures[chosen].endings[-1]
        order += [k for k in range(i, after) if number in measures[k].endings]
        i = after
    return order
