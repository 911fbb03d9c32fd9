"""The measures of a music21 score, with the repeat signs, endings and jumps of all its parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.midi.score_jumps import CODA, CODA_AT_END, SEGNO, lost_jumps, signs_of_text
from lstm_music.midi.score_notes import Reading
from lstm_music.midi.score_time import Measure
from lstm_music.music.meter import Meter

_WORDS = ("RepeatExpression", "TextExpression")
_SECTION_ENDS = frozenset({"double", "final", "heavy", "heavy-heavy", "heavy-light"})


def read_measures(parts: Sequence[Any], reading: Reading) -> list[Measure]:
    """The written measures of the part that has most; a sign in any part is for all."""
    part = max(parts, key=lambda p: len(p.getElementsByClass("Measure")))
    written = list(part.getElementsByClass("Measure"))
    onsets = [reading.steps(m.offset) for m in written]
    ends = [*onsets[1:], reading.steps(part.highestTime)] if written else []
    notation = _notation(parts, reading)
    numerator, denominator = 4, 4
    measures = []
    for measure, onset, end in zip(written, onsets, ends, strict=True):
        signature = measure.timeSignature
        if signature is not None and is_on_grid(signature.numerator, signature.denominator):
            numerator, denominator = signature.numerator, signature.denominator
        elif signature is not None:
            reading.counts["meters off the grid left out"] += 1
        found = notation[onset]
        measures.append(
            Measure(
                onset,
                end - onset,
                numerator,
                denominator,
                repeat_start=found.repeat_start,
                repeat_end=found.repeat_end,
                times=found.times or 2,
                endings=found.endings,
                signs=frozenset(found.signs),
            )
        )
    if lost := lost_jumps(measures):
        reading.counts["D.S. without a segno not followed"] += lost
    return mended_endings(measures)


def mended_endings(measures: Sequence[Measure]) -> list[Measure]:
    """Endings as they are meant where programs draw or number their brackets carelessly.

    A bracket goes on to the repeat sign before the next bracket; of two side by side that have
    the same number, the second is the next ending.
    """
    mended = list(measures)
    for i, measure in enumerate(mended[1:], start=1):
        before = mended[i - 1].endings
        if not before or mended[i - 1].repeat_end:
            continue
        end = i
        while end < len(mended) and not (mended[end].repeat_end or mended[end].endings):
            end += 1
        is_last_of_ending = end + 1 < len(mended) and max(before) + 1 in mended[end + 1].endings
        if not measure.endings and is_last_of_ending and mended[end].repeat_end:
            for k in range(i, end + 1):
                mended[k] = replace(mended[k], endings=before)
    for i in range(1, len(mended)):
        before, own = mended[i - 1].endings, mended[i].endings
        if before and own and mended[i - 1].repeat_end and max(own) <= max(before):
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
    """What stands at a measure in any of the parts."""

    repeat_start: bool = False
    repeat_end: bool = False
    times: int = 0
    endings: tuple[int, ...] = ()
    signs: set[str] = field(default_factory=set)


def _notation(parts: Iterable[Any], reading: Reading) -> defaultdict[int, _Notation]:
    """By the onset of the measure in steps."""
    notation: defaultdict[int, _Notation] = defaultdict(_Notation)
    for part in parts:
        written = list(part.getElementsByClass("Measure"))
        places = [notation[reading.steps(m.offset)] for m in written]
        endings = _endings(part, written)
        for i, (measure, found) in enumerate(zip(written, places, strict=True)):
            left, right = measure.leftBarline, measure.rightBarline
            found.repeat_start |= _is_repeat(left, "start")
            if _is_repeat(right, "end"):
                found.repeat_end = True
                found.times = max(found.times, int(right.times or 0))
            found.endings = found.endings or endings.get(i, ())
            for element in measure.recurse().getElementsByClass(_WORDS):
                for sign in signs_of_text(_text(element)):
                    away, meant = _place(sign, element, measure, written[i - 1] if i else None)
                    places[min(i + away, len(places) - 1)].signs.add(meant)
    return notation


def _is_repeat(bar_line: Any, direction: str) -> bool:
    return bar_line is not None and "Repeat" in bar_line.classes and bar_line.direction == direction


def _text(element: Any) -> str:
    text = element.content if "TextExpression" in element.classes else element.getText()
    return str(text or "")


def _place(sign: str, element: Any, measure: Any, before: Any) -> tuple[int, str]:
    """Measures from the one that a sign stands in to the one that it is for, and the sign."""
    offset = element.getOffsetInHierarchy(measure)
    at_end = offset > 0 and offset >= measure.highestTime
    if sign == CODA:
        return 0, CODA_AT_END if at_end else CODA
    if sign == SEGNO:
        return int(at_end), sign
    # Some programs write what is for the end of a section at the beginning of the next.
    ends_before = before is not None and _ends_section(before) and not _ends_section(measure)
    return (-1 if offset == 0 and ends_before else 0), sign


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
