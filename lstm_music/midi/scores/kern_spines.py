"""Kern text with its spine paths straightened, so that music21 reads every note.

music21 loses notes where spines split and join in some ways (its issues 62 and 1882). Here each
sub-spine gets a column of its own from the first line to the last, with rests where it does not
run; `join_columns` makes one part again of the columns of a spine.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

_KERN = "**kern"
_PATHS = frozenset({"*^", "*v", "*x", "*+", "*-"})
_NUMBER = re.compile(r"(\d+)(?:%(\d+))?")
_LABEL = re.compile(r"\*>([^\[\]]+)")
_EXPANSION = re.compile(r"\*>(|norep)\[([^\[\]]*)\]")
_PITCH = re.compile(r"[a-gA-G]")
_BREVE = 8  # quarter notes


@dataclass(frozen=True, slots=True)
class StraightKern:
    """One piece of a kern file: its text, how many columns each kern spine has, repairs.

    ``sections`` are the labels in it (``*>A``), each with its first measure, counted from 0;
    ``expansion`` and ``once`` the order in which the file plays them, with and without repeats.
    """

    text: str
    columns: tuple[int, ...]
    repairs: tuple[str, ...] = ()
    sections: tuple[tuple[str, int], ...] = ()
    expansion: tuple[str, ...] = ()
    once: tuple[str, ...] = ()


def straighten(text: str) -> list[StraightKern]:
    """The pieces of a kern file with no spine that splits or joins; none without a kern spine."""
    pieces: list[_Layout] = []
    loose: list[str] = []  # comments and references between pieces
    layout: _Layout | None = None
    for line in re.split(r"\r\n?|\n", text):
        if not line.strip():
            continue
        if line.startswith("!!"):
            (loose if layout is None else layout.remarks).append(line)
        elif layout is not None:
            layout.add(line.split("\t"))
        elif line.startswith("**"):
            layout = _Layout(line.split("\t"), loose)
            pieces.append(layout)
            loose = []
        if layout is not None and not layout.spines:
            layout = None
    if pieces:
        pieces[-1].remarks += loose
    return [piece.straight() for piece in pieces if _KERN in piece.kinds]


def join_columns(score: Any, columns: Sequence[int]) -> None:
    """Move the notes of a spine's further columns into its first, which is the part."""
    # music21 numbers the spines from left to right; the lowest part stands at the left.
    parts = iter(sorted(score.parts, key=lambda part: int(part.id.removeprefix("spine_"))))
    for n_columns in columns:
        main = next(parts, None)
        if main is None:
            return
        measures = list(main.getElementsByClass("Measure")) or [main]
        starts = [0.0 if measure is main else measure.offset for measure in measures]
        for _ in range(n_columns - 1):
            other = next(parts, None)
            if other is None:
                return
            for element in other.flatten().notes:
                i = max(bisect_right(starts, element.offset) - 1, 0)
                measures[i].coreInsert(element.offset - starts[i], element)
            score.remove(other)
        for measure in measures:
            measure.coreElementsChanged()
        main.coreElementsChanged()


def drop_open_ties(part: Any) -> None:
    """Take away the ties that no note ends: in kern only what is marked so is not struck."""
    starts: dict[tuple[int, Fraction], list[Any]] = {}  # by pitch and the end of the note
    tied_back: set[tuple[int, Fraction]] = set()
    for element in part.flatten().notes:
        for member in getattr(element, "notes", (element,)):
            if member.tie is None:
                continue
            if member.tie.type != "stop":
                end = _exact(element.offset + element.quarterLength)
                starts.setdefault((member.pitch.midi, end), []).append(member)
            if member.tie.type != "start":
                tied_back.add((member.pitch.midi, _exact(element.offset)))
    for place, members in starts.items():
        if place not in tied_back:
            for member in members:
                if member.tie.type == "start":
                    member.tie = None
                else:
                    member.tie.type = "stop"


def _exact(quarters: float | Fraction) -> Fraction:
    return Fraction(quarters).limit_denominator(1 << 16)


@dataclass
class _Row:
    """A line: what a column without a cell of its own has, the cells, its length in quarters."""

    filler: str
    cells: dict[int, str]
    length: Fraction = Fraction(0)


@dataclass
class _Layout:
    """One piece, read line by line."""

    header: Sequence[str]
    remarks: list[str]
    kinds: list[str] = field(init=False)  # of each column
    families: list[list[int]] = field(init=False)  # the columns of each spine, left to right
    spines: list[int] = field(init=False)  # the column of each running spine
    rows: list[_Row] = field(default_factory=list)
    now: Fraction = Fraction(0)
    ends: dict[int, Fraction] = field(default_factory=dict)  # what each kern column has reached
    counts: Counter[str] = field(default_factory=Counter)
    sections: list[tuple[str, int]] = field(default_factory=list)
    expansions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    measure: int = 0
    in_measure: bool = False  # whether it has something in it yet
    has_begun: bool = False  # with a bar line, after which an empty measure counts, too

    def __post_init__(self) -> None:
        self.kinds = list(self.header)
        self.spines = list(range(len(self.kinds)))
        self.families = [[column] for column in self.spines]
        self.ends = {c: Fraction(0) for c in self.spines if self.kinds[c] == _KERN}

    def add(self, tokens: list[str]) -> None:
        """Take the next line."""
        if len(tokens) != len(self.spines):
            self.counts["lines of more or fewer tokens than spines"] += 1
            tokens = [*tokens, *["."] * len(self.spines)][: len(self.spines)]
        first = tokens[0][:1]
        if first == "*":
            self._interpretation(tokens)
        elif first == "=":
            self._bar_line(tokens)
        elif first == "!":
            self.rows.append(_Row("!", self._cells(tokens)))
        else:
            self._data(tokens)

    def straight(self) -> StraightKern:
        """All that was taken."""
        order = [column for family in self.families for column in family]
        lines = ["\t".join(self._kind(column) for column in order)]
        lines += [self._line(row, order) for row in (*self._staves(), *self.rows)]
        lines.append("\t".join("*-" for _ in order))
        columns = tuple(len(f) for f in self.families if self.kinds[f[0]] == _KERN)
        repairs = tuple(f"kern: {n} {what}" for what, n in sorted(self.counts.items()))
        text = "\n".join([*self.remarks, *lines, ""])
        once = tuple(dict.fromkeys(self.expansions.get("norep", ())))
        expansion = self.expansions.get("", ())
        return StraightKern(text, columns, repairs, tuple(self.sections), expansion, once)

    def _staves(self) -> list[_Row]:
        """Where no staves are named, dynamics are for the kern spine at their left.

        music21 drops the dynamics of a spine that names no staff.
        """
        if any(cell.startswith("*staff") for row in self.rows for cell in row.cells.values()):
            return []
        staff, cells = 0, {}
        for first, *_ in self.families:
            staff += self.kinds[first] == _KERN
            if self.kinds[first] in (_KERN, "**dynam"):
                cells[first] = f"*staff{max(staff, 1)}"
        return [_Row("*", cells)]

    def _kind(self, column: int) -> str:
        kind = self.kinds[column]
        return kind if kind.startswith("**") else "**none"  # music21 refuses a nameless spine

    def _line(self, row: _Row, order: Sequence[int]) -> str:
        return "\t".join(row.cells.get(column, row.filler) for column in order)

    def _cells(self, tokens: Sequence[str]) -> dict[int, str]:
        """Cells of the running spines, and what a spine's first column has while it rests."""
        cells = dict(zip(self.spines, tokens, strict=True))
        for family in self.families:
            running = [cells[column] for column in family if column in cells]
            if running:
                cells.setdefault(family[0], running[0])
        return cells

    def _interpretation(self, tokens: list[str]) -> None:
        for column, token in zip(self.spines, tokens, strict=True):
            if token.startswith("**"):
                self._name(column, token)
        if found := _EXPANSION.fullmatch(tokens[0]):
            self.expansions[found[1]] = tuple(found[2].replace(" ", "").split(","))
        elif found := _LABEL.fullmatch(tokens[0]):
            self.sections.append((found[1], self.measure + self.in_measure))
        plain = ["*" if t in _PATHS or t.startswith("**") else t for t in tokens]
        if any(token != "*" for token in plain):
            self.rows.append(_Row("*", self._cells(plain)))
        if not _PATHS.isdisjoint(tokens):
            self.spines = self._after_paths(tokens)

    def _after_paths(self, tokens: Sequence[str]) -> list[int]:
        """The running spines after a line of spine paths."""
        spines, after, i = self.spines, [], 0
        while i < len(spines):
            column, token = spines[i], tokens[i]
            if token == "*v":
                joined = [column]
                while i + 1 < len(spines) and tokens[i + 1] == "*v":
                    i += 1
                    joined.append(spines[i])
                column = min(joined, key=self._place)
                after.append(column)
            elif token == "*x" and i + 1 < len(spines):
                i += 1
                after += [spines[i], column]
            elif token == "*^":
                after += [column, self._sub_column(column, {*spines, *after})]
            elif token == "*+":
                after += [column, self._new_column("", self._family_index(column) + 1)]
            elif token != "*-":
                after.append(column)
            i += 1
        return after

    def _bar_line(self, tokens: list[str]) -> None:
        if self.in_measure and not self.has_begun:
            self._open_first_measure()
        reached = max([self.now, *self.ends.values()])
        if any(end < reached for end in self.ends.values()):
            rests = {c: _rest(reached - end) for c, end in self.ends.items() if end < reached}
            self.rows.append(_Row(".", rests, reached - self.now))
            self.counts["bars in which the voices are not equally long"] += 1
        self.ends = dict.fromkeys(self.ends, reached)
        self.now = reached
        self.measure += self.in_measure or self.has_begun
        self.in_measure, self.has_begun = False, True
        self.rows.append(_Row(tokens[0], self._cells(tokens)))

    def _open_first_measure(self) -> None:
        """A bar line before the first notes, without which music21 repeats no first measure."""
        first = next(i for i, row in enumerate(self.rows) if row.length)
        self.rows.insert(first, _Row("=-", {}))

    def _data(self, tokens: list[str]) -> None:
        cells: dict[int, str] = {}
        timed = False
        for column, token in zip(self.spines, tokens, strict=True):
            if token in (".", "") or self.kinds[column] != _KERN:
                cells[column] = token or "."
                continue
            cells[column], length = self._token(token)
            if length:
                timed = True
                self.ends[column] = max(self.ends[column], self.now) + length
        later = [end for end in self.ends.values() if end > self.now]
        row = _Row(".", cells)
        self.in_measure |= timed
        if timed and later:
            row.length = min(later) - self.now
            self.now += row.length
            for column, end in self.ends.items():
                if end < self.now and cells.get(column, ".") == ".":
                    cells[column] = _rest(self.now - end)
                    self.ends[column] = self.now
        self.rows.append(row)

    def _token(self, token: str) -> tuple[str, Fraction]:
        """A token as music21 understands it, and its length in quarters; grace notes have none."""
        notes = token.split()
        if any(grace in token for grace in "qQ"):
            return token, Fraction(0)
        length = _length(notes)
        sounding = [note for note in notes if _PITCH.search(note) and "r" not in note]
        if not sounding:
            if "r" not in token:
                self.counts["notes without a pitch left out"] += 1
            return _rest(length), length
        # An appoggiatura (P) has the length at which it is played; music21 gives it none.
        number = _rational(length)
        bare = [_NUMBER.sub("", note).replace(".", "").replace("P", "") for note in sounding]
        return " ".join(number + note for note in bare), length

    def _name(self, column: int, kind: str) -> None:
        """The kind of a spine that was added."""
        if not self.kinds[column]:
            self.kinds[column] = kind
            if kind == _KERN:
                self._fill(column)

    def _sub_column(self, column: int, taken: set[int]) -> int:
        """A free column of the same spine, a new one if there is none."""
        index = self._family_index(column)
        for other in self.families[index][1:]:
            if other not in taken:
                return other
        new = self._new_column(self.kinds[column])
        self.families[index].append(new)
        return new

    def _new_column(self, kind: str, family_index: int | None = None) -> int:
        column = len(self.kinds)
        self.kinds.append(kind)
        if family_index is not None:
            self.families.insert(family_index, [column])
        if kind == _KERN:
            self._fill(column)
        return column

    def _fill(self, column: int) -> None:
        """Rests from the beginning to here."""
        for row in self.rows:
            if row.length:
                row.cells[column] = _rest(row.length)
        self.ends[column] = self.now

    def _family_index(self, column: int) -> int:
        return next(i for i, family in enumerate(self.families) if column in family)

    def _place(self, column: int) -> tuple[int, int]:
        index = self._family_index(column)
        return index, self.families[index].index(column)


def _length(notes: Sequence[str]) -> Fraction:
    """Quarter notes that a chord lasts: its first number; a quarter note without one."""
    for note in notes:
        if found := _NUMBER.search(note):
            return _quarters(found[1], int(found[2] or 1) or 1, note.count("."))
    return Fraction(1)


def _quarters(number: str, numerator: int, dots: int) -> Fraction:
    if int(number):
        undotted = Fraction(4 * numerator, int(number))
    else:
        undotted = Fraction(_BREVE << (len(number) - 1))  # 0, 00, 000
    return undotted * (2 - Fraction(1, 1 << dots))


def _rational(length: Fraction) -> str:
    """A length in quarters as a number of kern's: ``n%m`` is m/n of a whole note."""
    whole = length / 4
    if whole.numerator == 1:
        return str(whole.denominator)
    return f"{whole.denominator}%{whole.numerator}"


def _rest(length: Fraction) -> str:
    return _rational(length) + "r"
