"""Bars of an ABC voice: what is in them, the lines about them, and what their lengths say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

MAX_PASSES = 8


@dataclass(slots=True)
class SoundingNote:
    """Onset from the start of its bar and length, in quarter notes; MIDI pitch.

    A grace note has no length. ``tied``: it is held over into the next note of its pitch.
    ``accent``: "accent", "strong accent" or none.
    """

    onset: Fraction
    length: Fraction
    pitch: int
    tied: bool = False
    accent: str = ""


class Mark(NamedTuple):
    """What stands at a place.

    A "key", "tempo", "chord", "dynamic", "accent", "hairpin" or "program"; or "words".
    """

    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class BarLine:
    """A bar line: ``repeats`` is how often what it ends is played again.

    ``strokes`` tells a real line from the bare start of an ending within a bar; a double one, and
    one with dots, ends an ending.
    """

    strokes: bool
    repeats: int = 0
    starts_repeat: bool = False
    is_double: bool = False
    endings: tuple[int, ...] = ()


@dataclass(slots=True)
class Bar:
    """What stands between two bar lines; ``meter`` is the one in force, ``length`` in quarters."""

    meter: tuple[int, int] | None = None
    length: Fraction = Fraction(0)
    notes: list[SoundingNote] = field(default_factory=list)
    marks: list[tuple[Fraction, Mark]] = field(default_factory=list)
    starts_repeat: bool = False
    starts_section: bool = False
    ends_section: bool = False
    repeats: int = 0
    endings: tuple[int, ...] = ()

    @property
    def full_length(self) -> Fraction | None:
        """What the meter asks for, in quarter notes."""
        return None if self.meter is None else 4 * Fraction(*self.meter)


class Grid:
    """The bars of a voice as they fill."""

    def __init__(self) -> None:
        self.done: list[Bar] = []
        self.layer = 0
        self.now = Fraction(0)
        self._bar = Bar()
        self._n_marks_before = 0
        self._meter: tuple[int, int] | None = None
        self._endings: tuple[int, ...] = ()

    @property
    def full_bar(self) -> Fraction | None:
        """Length of a bar by the meter in force, in quarter notes."""
        return None if self._meter is None else 4 * Fraction(*self._meter)

    @property
    def is_empty(self) -> bool:
        """Whether the bar has nothing in it yet."""
        return not self._bar.length and not self.now

    def set_meter(self, meter: tuple[int, int] | None) -> None:
        """From this bar on if it is empty, else from the next."""
        self._meter = meter
        if self.is_empty:
            self._bar.meter = meter

    def begin_part(self) -> int:
        """A part of the tune begins, and a bar with it; the place of that bar."""
        self._close()
        return len(self.done)

    def mark(self, mark: Mark) -> None:
        """Something stands here."""
        self._bar.marks.append((self.now, mark))

    def add(self, note: SoundingNote) -> None:
        """A note of this bar."""
        self._bar.notes.append(note)

    def advance(self, quarters: Fraction) -> None:
        """Time goes on."""
        self.now += quarters
        self._n_marks_before = len(self._bar.marks)

    def shift(self, quarters: Fraction) -> None:
        """The last note grows or shrinks; what stands behind it moves along."""
        marks, n = self._bar.marks, self._n_marks_before
        self._bar.marks = marks[:n] + [(at + quarters, mark) for at, mark in marks[n:]]
        self.now += quarters

    def overlay(self) -> None:
        """Back to the start of the bar, for one more layer of notes."""
        self.layer += 1
        self._bar.length = max(self._bar.length, self.now)
        self.now = Fraction(0)
        self._n_marks_before = len(self._bar.marks)

    def end_bar(self, line: BarLine) -> None:
        """A bar line; of several in a row, each adds what it says."""
        self._close()
        if line.repeats and self.done:
            self.done[-1].repeats = max(self.done[-1].repeats, line.repeats)
        if self.done:
            self.done[-1].ends_section |= line.is_double
        if line.endings:
            self._endings = line.endings
        elif line.is_double:
            self._endings = ()
        self._bar.endings = self._endings
        self._bar.starts_repeat |= line.starts_repeat
        self._bar.starts_section |= line.is_double and not line.endings

    def finish(self) -> list[Bar]:
        """All bars, the last one too if no line ends it."""
        self._close()
        if self.done and self._bar.marks:
            self.done[-1].marks += [(self.done[-1].length, m) for _, m in self._bar.marks]
        supply_starts(self.done)
        return self.done

    def _close(self) -> None:
        if not self.is_empty:
            self._bar.length = max(self._bar.length, self.now)
            self.done.append(self._bar)
            self._bar = Bar(self._meter, endings=self._endings)
            self._n_marks_before = 0
        self.now, self.layer = Fraction(0), 0


def parse_bar_line(text: str, ending: str) -> BarLine:
    """A bar line's token, such as ``:|``, ``|]``, ``::``, ``|:`` or ``|1``."""
    text = text.lstrip(".")
    if not text.strip(":"):
        if text == ":" and not ending:
            return BarLine(strokes=False)  # a dotted line, or a slip: it says nothing
        text = ":" * (len(text) // 2) + "|" + ":" * ((len(text) + 1) // 2)
    before, after = len(text) - len(text.lstrip(":")), len(text) - len(text.rstrip(":"))
    if not before and not after:
        before = text.count(":")  # ``[|]:|`` has a line that is not seen
    double = text != "|"
    return BarLine(True, min(before, MAX_PASSES - 1), bool(after), double, parse_endings(ending))


def supply_starts(bars: Sequence[Bar]) -> None:
    """Where no sign says where a repeat starts, it starts after the last double line or repeat."""
    start, is_open = 0, False
    for i, bar in enumerate(bars):
        if bar.starts_repeat or (bar.starts_section and not is_open):
            start, is_open = i, bar.starts_repeat
        if bar.repeats:
            bars[start].starts_repeat |= not bars[start].endings
            start, is_open = i + 1, False


def parse_endings(text: str) -> tuple[int, ...]:
    """Passes that an ending is for: ``1``, ``1,3`` or ``1-3``."""
    numbers: list[int] = []
    for part in re.split(r"[,.]", text):
        first, _, last = part.partition("-")
        if first.isdigit():
            numbers += range(int(first), int(last or first) + 1)
    return tuple(sorted({n for n in numbers if 1 <= n <= MAX_PASSES}))
