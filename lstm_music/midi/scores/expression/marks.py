"""Marks of expression: dynamics, hairpins, pedal, tempo; and to which staff each of them belongs.

A mark is plain data, whichever reader found it: `musicxml` reads the text of MusicXML,
`stream` a music21 stream. `dynamics`, `pedal` and `tempos` say what marks mean.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from lstm_music.music.grid import STEPS_PER_QUARTER

ALL_STAVES = 0


class Mark(NamedTuple):
    """One mark of a score.

    Parameters
    ----------
    onset : where it stands, in steps of written time.
    kind : "dynamic" (text: its name, or "" for a mere number), "wedge" and "dashes" (text:
        "crescendo", "diminuendo", "start" or "stop"), "words" (text: as printed), "pedal" (text:
        "start", "stop" or "change"), "metronome" (a printed number), "range" (between two printed
        numbers), "sound" (a tempo that is not printed), "modulation" (a ratio to the tempo before).
    value : velocity of a dynamic, quarter notes a minute, or a ratio; 0 when the mark has none.
    number : which of several wedges or dashes at once.
    part : index of the instrument in the score.
    staff : of the instrument's staves, from 1; ``ALL_STAVES`` where it has one.
    above : it is printed above its staff.
    """

    onset: int
    kind: str
    text: str = ""
    value: float = 0.0
    number: str = "1"
    part: int = 0
    staff: int = ALL_STAVES
    above: bool = False

    @property
    def is_between_staves(self) -> bool:
        """Below the first of several staves, or above another one."""
        return self.above == (self.staff > 1)


class Extent(NamedTuple):
    """A mark that lasts: until ``end``, or as long as its kind does (None)."""

    mark: Mark
    end: int | None = None


def steps(quarters: float | Fraction) -> int:
    """Quarter notes to the nearest step, halves up, none before the beginning."""
    exact = Fraction(quarters).limit_denominator(1 << 16) * STEPS_PER_QUARTER
    return max(math.floor(exact + Fraction(1, 2)), 0)


def instruments(parts: Sequence[Any]) -> list[list[int]]:
    """Indices of the parts of a music21 score that are the staves of one instrument."""
    groups: list[list[int]] = []
    before = ""
    for i, part in enumerate(parts):
        staff_id = re.fullmatch(r"(.*)-Staff\d+", str(part.id), re.DOTALL)
        name = staff_id[1] if staff_id and "PartStaff" in part.classes else ""
        if name and name == before:
            groups[-1].append(i)
        else:
            groups.append([i])
        before = name
    return groups


def of_staff(marks: Iterable[Extent], staff: int) -> list[Extent]:
    """The marks of one instrument that count for the loudness of a staff, in order.

    Marks between two staves count for both; so does a mark of one staff for another that has
    none. Where a staff has a mark of its own and one that it shares at a place, its own is last.
    """
    marks = list(marks)
    own = any(mark.staff == staff and mark.kind in ("dynamic", "wedge") for mark, _ in marks)
    counted = [
        item
        for item in marks
        if not own or item.mark.staff in (staff, ALL_STAVES) or item.mark.is_between_staves
    ]
    return sorted(counted, key=lambda item: (item.mark.onset, item.mark.staff == staff))


def extents(marks: Iterable[Mark]) -> list[Extent]:
    """Wedges, and words, each with its end; the rest of the marks as they are, without stops.

    ``marks`` are those of one instrument, in the order of the file. Dashes belong to the words
    that stand where they begin.
    """
    found: list[Extent] = []
    open_lines: dict[tuple[str, int, str], int] = {}  # -> index of the mark that lasts
    for mark in sorted(marks, key=lambda mark: mark.onset):
        key = (mark.kind, mark.staff, mark.number)
        if mark.kind not in ("wedge", "dashes"):
            found.append(Extent(mark))
            continue
        if key not in open_lines and mark.text == "stop":  # perhaps it began in another staff
            key = next((line for line in open_lines if line[::2] == key[::2]), key)
        begun = open_lines.get(key, -1)
        if begun >= 0 and found[begun].mark.onset < mark.onset:  # a start, too, ends the one before
            found[begun] = found[begun]._replace(end=mark.onset)
            del open_lines[key]
        if mark.kind == "wedge" and mark.text != "stop":
            open_lines[key] = len(found)
            found.append(Extent(mark))
        elif mark.text != "stop" and (place := _words_at(found, mark)) >= 0:
            open_lines[key] = place
    return found


def _words_at(found: Sequence[Extent], dashes: Mark) -> int:
    """Index of the words that dashes go on from: not more than a quarter note before; -1: none."""
    for i in range(len(found) - 1, -1, -1):
        mark = found[i].mark
        if mark.onset < dashes.onset - STEPS_PER_QUARTER:
            break
        if mark.kind == "words" and mark.staff == dashes.staff:
            return i
    return -1
