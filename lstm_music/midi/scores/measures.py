"""The measures of a music21 score, with the repeat signs, endings and jumps of all its parts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.midi.scores.jumps import CODA, CODA_AT_END, STARTS, lost_jumps, signs_of_text
from lstm_music.midi.scores.notes import Reading
from lstm_music.midi.scores.repeats import Measure
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.meter import Meter

_WORDS = ("RepeatExpression", "TextExpression")
_SECTION_ENDS = frozenset({"double", "final", "heavy", "heavy-heavy", "heavy-light"})


def read_measures(parts: Sequence[Any], reading: Reading) -> list[Measure]:
    """The written measures of the part that has most; a sign in any part is for all."""
    part = max(parts, key=lambda p: len(p.getElementsByClass("Measure")))
    written = list(part.getElementsByClass("Measure"))
    onsets = [reading.steps(m.offset) for m in written]
    ends = [*onsets[1:], reading.steps(part.highestTime)] if written else []
    lengths = {onset: end - onset for onset, end in zip(onsets, ends, strict=True)}
    notation = _notation(parts, lengths, reading)
    numerator, denominator = 4, 4
    measures: list[Measure] = []
    for measure, onset, end in zip(written, onsets, ends, strict=True):
        signature = measure.timeSignature
        if signature is not None and is_on_grid(signature.numerator, signature.denominator):
            numerator, denominator = signature.numerator, signature.denominator
        elif signature is not None:
            reading.counts["meters off the grid left out"] += 1
        whole = Measure(onset, end - onset, numerator, denominator)
        pickup = (measures[0] if measures else whole).length_steps % whole.bar_steps
        measures += _with_signs(whole, notation[onset], pickup)
    if lost := lost_jumps(measures):
        reading.counts["D.S. without a segno not followed"] += lost
    return mended_endings(measures)


def _with_signs(whole: Measure, found: _Notation, pickup: int) -> list[Measure]:
    """The measure with its signs; cut in pieces where a repeat sign stands within it.

    Other signs cut only the bar that the pickup completes (Fine on the third beat of four, where
    the piece starts with the fourth): elsewhere they are for the whole bar, wherever they stand.
    """
    length = whole.length_steps
    completed = whole.bar_steps - pickup if pickup else 0
    cuts = {at for at, _ in found.repeats} | {at for at, _ in found.signs if at == completed}
    edges = [0, *sorted(at for at in cuts if 0 < at < length), length]
    signs = {
        (at if at in edges else 0 if sign in STARTS else length, sign) for at, sign in found.signs
    }
    pieces = []
    for start, end in pairwise(edges):
        piece = replace(
            whole,
            onset_steps=whole.onset_steps + start,
            length_steps=end - start,
            repeat_start=(start, "start") in found.repeats,
            repeat_end=(end, "end") in found.repeats,
            times=found.times if end == length and found.times else 2,
            endings=found.endings,
            signs=frozenset(s for at, s in signs if at == (start if s in STARTS else end)),
        )
        pieces.append(piece)
    return pieces


def mended_endings(measures: Sequence[Measure]) -> list[Measure]:
    """Endings as they are meant where programs draw or number their brackets carelessly.

    A bracket goes on to the repeat sign before the next bracket, unless a section begins before
    it; of two side by side that have the same number, the second is the next ending.
    """
    mended = list(measures)
    for i in range(1, len(mended)):
        before = mended[i - 1].endings
        if not before or mended[i - 1].repeat_end:
            continue
        end = i
        while end < len(mended) and not (mended[end].repeat_end or mended[end].endings):
            end += 1
        is_last_of_ending = end + 1 < len(mended) and max(before) + 1 in mended[end + 1].endings
        longer = mended[i : end + 1]
        if any(m.repeat_start or m.endings for m in longer):
            continue
        if is_last_of_ending and mended[end].repeat_end:
            for k in range(i, end + 1):
                mended[k] = replace(mended[k], endings=before)
    for i in range(1, len(mended)):
        before, own = mended[i - 1].endings, mended[i].endings
        same = set(own) & {*before, *measures[i - 1].endings}
        if mended[i - 1].repeat_end and same:
            number = max(before) + 1
            for k in range(i, len(mended)):
                if mended[k].endings != own or (k > i and mended[k - 1].repeat_end):
                    break
                mended[k] = replace(mended[k], endings=(number,))
    return mended


def is_on_grid(numerator: int, denominator: int) -> bool:
    """Whether the grid has such a meter."""
    try:
        Meter(0, numerator, denominator)
    except ConfigError:
        return False
    return True


@dataclass
class _Notation:
    """What stands at a measure in any of the parts: repeats and signs with their place in steps."""

    repeats: set[tuple[int, str]] = field(default_factory=set)
    times: int = 0
    endings: tuple[int, ...] = ()
    signs: set[tuple[int, str]] = field(default_factory=set)


def _notation(
    parts: Iterable[Any], lengths: Mapping[int, int], reading: Reading
) -> dict[int, _Notation]:
    """By the onset of the measure in steps, for the measures of which ``lengths`` are given."""
    notation = {onset: _Notation() for onset in lengths}
    for part in parts:
        written = list(part.getElementsByClass("Measure"))
        onsets = [reading.steps(measure.offset) for measure in written]
        endings = _endings(part, written)
        for i, (measure, onset) in enumerate(zip(written, onsets, strict=True)):
            if onset not in notation:
                continue  # a part with bar lines of its own
            found, length = notation[onset], lengths[onset]
            for line, place in _repeats(measure):
                at = length if place is None else min(_steps(place), length)
                found.repeats.add((at, line.direction))
                found.times = max(found.times, int(line.times or 0))
            found.endings = found.endings or endings.get(i, ())
            before = written[i - 1] if i else None
            for away, place, sign in _signs(measure, before, length):
                there = onsets[min(i + away, len(onsets) - 1)]
                if there in notation:
                    at = lengths[there] if place is None else place
                    notation[there].signs.add((at, sign))
    return notation


def _signs(measure: Any, before: Any, length: int) -> Iterator[tuple[int, int | None, str]]:
    """The measure that a sign is for, counted from this one, the place there, and the sign.

    No place is the end.
    """
    for element in measure.recurse().getElementsByClass(_WORDS):
        at = _steps(element.getOffsetInHierarchy(measure))
        for sign in signs_of_text(_text(element)):
            if sign in STARTS and at >= length > 0:
                yield (0, None, CODA_AT_END) if sign == CODA else (1, 0, sign)
            elif sign in STARTS or 0 < at < length:
                yield 0, at, sign
            elif at == 0 and before is not None and _ends_section(before) > _ends_section(measure):
                yield -1, None, sign  # written at the beginning of the next section
            else:
                yield 0, None, sign


def _steps(quarters: Any) -> int:
    return math.floor(float(quarters) * STEPS_PER_QUARTER + 0.5)


def _repeats(measure: Any) -> Iterator[tuple[Any, Any]]:
    """Repeat signs, each with its place; None is the end."""
    for line, place in ((measure.leftBarline, 0), (measure.rightBarline, None)):
        if line is not None and "Repeat" in line.classes:
            yield line, place
    for line in measure.getElementsByClass("Repeat"):
        if line is not measure.leftBarline and line is not measure.rightBarline:
            yield line, line.offset


def _text(element: Any) -> str:
    text = element.content if "TextExpression" in element.classes else element.getText()
    return str(text or "")


def _ends_section(measure: Any) -> bool:
    line = measure.rightBarline
    return line is not None and (line.type in _SECTION_ENDS or "Repeat" in line.classes)


def _endings(part: Any, written: Sequence[Any]) -> dict[int, tuple[int, ...]]:
    """The passes that play each measure under a bracket, from its first measure to its last."""
    places = {id(measure): i for i, measure in enumerate(written)}
    endings: dict[int, tuple[int, ...]] = {}
    for bracket in part.recurse().getElementsByClass("RepeatBracket"):
        under = [places[id(m)] for m in bracket.getSpannedElements() if id(m) in places]
        passes = tuple(number for number in bracket.numberRange if number > 0)
        if under:
            endings |= dict.fromkeys(range(min(under), max(under) + 1), passes)
    return endings
