"""Form: which bars of a piece return, exactly or varied, and its sections as letters.

Bars are counted from the first full one; a pickup does not count. What begins in a bar belongs to
it: track, place in the bar, pitch and duration of each note. Loudness and timing are left out.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import NamedTuple

import numpy as np

from lstm_music.music.form_text import Section
from lstm_music.music.piece import Piece

EQUAL_LAGS = (8, 16, 4, 2, 1, 12, 24, 6, 3)
"""How many bars before a bar its like is looked for, in this order: phrases come in eights."""

VARIED_LAGS = (8, 16, 4, 2)
ALIKE = 0.5
"""A bar that shares more of its notes than this with another is a varied return of it."""

FRESH, EQUAL, VARIED = "fresh", "equal", "varied"

_LEAST_COMPARED = {1: 4, 2: 4, 4: 8, 8: 4}
_LOOP_SHARE = 0.6
"""A piece goes in circles if so many of its bars equal the one so many bars before, and at least so
many can be compared: sixteen bars may not be eight bars twice, nor twelve four bars three times.
Drums apart, hardly any real piece does so at a lag of 1, 2 or 4."""

_SECTION_BARS = (8, 4, 2)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_RETURNING_SHARE = 0.25
"""Of the sections: where fewer return, the piece has no form of sections so long."""


class Bar(NamedTuple):
    """What a bar holds: its length in steps, and (track, place, pitch, duration) of each note."""

    steps: int
    notes: frozenset[tuple[int, int, int, int]]


class Label(NamedTuple):
    """How a bar comes about: `FRESH`, or `EQUAL` to or `VARIED` of the bar ``lag`` bars before."""

    kind: str
    lag: int = 0


def bars_of(piece: Piece, n_bars: int | None = None) -> list[Bar]:
    """The full bars of a piece, up to the end of its last note or to ``n_bars`` of them."""
    lines, at = piece.bar_lines, piece.pickup_steps
    bounds: list[tuple[int, int]] = []
    end = max(piece.end_steps, piece.length_steps)
    while at < end if n_bars is None else len(bounds) < n_bars:
        bounds.append((at, lines.bar_end(at)))
        at = bounds[-1][1]
    notes = piece.notes
    first = np.searchsorted(notes["onset_steps"], [start for start, _ in bounds] + [at])
    columns = ("track", "onset_steps", "pitch_midi", "duration_steps")
    rows = list(zip(*(notes[name].tolist() for name in columns), strict=True))
    return [
        Bar(
            stop - start,
            frozenset((t, onset - start, p, d) for t, onset, p, d in rows[first[i] : first[i + 1]]),
        )
        for i, (start, stop) in enumerate(bounds)
    ]


def alike(one: Bar, other: Bar) -> float:
    """How alike two bars are, 0..1: `jaccard`; 0 without notes, or of different lengths."""
    if one.steps != other.steps:
        return 0.0
    return jaccard(one.notes, other.notes) or 0.0


def jaccard(some: Set[object], others: Set[object]) -> float | None:
    """What two sets share, 0..1: members of both over members of either; None if both are empty."""
    both = len(some & others)
    either = len(some) + len(others) - both
    return both / either if either else None


def label_bars(bars: Sequence[Bar]) -> list[Label]:
    """How each bar comes about: the first lag that fits, an exact return before a varied one.

    A bar in which nothing begins is fresh.
    """
    return [_label(bars, i) for i in range(len(bars))]


def _label(bars: Sequence[Bar], i: int) -> Label:
    for lag in EQUAL_LAGS:
        if lag <= i and bars[i].notes and bars[i] == bars[i - lag]:
            return Label(EQUAL, lag)
    for lag in VARIED_LAGS:
        if lag <= i and alike(bars[i], bars[i - lag]) > ALIKE:
            return Label(VARIED, lag)
    return Label(FRESH)


def goes_in_circles(bars: Sequence[object]) -> bool:
    """Whether so many of some bars equal the one 1, 2, 4 or 8 bars before that nothing new happens.

    Parameters
    ----------
    bars : what they hold, or what stands for it.

    Examples
    --------
    >>> goes_in_circles("abcdefgh" "abcdefgh"), goes_in_circles("abcdefgh" "abcdijkl")
    (True, False)
    >>> goes_in_circles("abcd" "abcd" "abcd"), goes_in_circles("abcd" "abcd" "efgh")
    (True, False)
    """
    for lag, least in _LEAST_COMPARED.items():
        again = [bar == before for bar, before in zip(bars[lag:], bars, strict=False)]
        if len(again) >= least and sum(again) >= _LOOP_SHARE * len(again):
            return True
    return False


def find_form(piece: Piece) -> tuple[Section, ...]:
    """The sections of a piece; see `sections_of`."""
    return sections_of(bars_of(piece))


def sections_of(bars: Sequence[Bar]) -> tuple[Section, ...]:
    """The sections that bars make: equal ones have one name, one that is like an earlier one its
    letter with a prime.

    Sections are of eight, four or two bars, the longest of which a quarter returns; a piece of
    which less returns is one section.
    """
    for length in _SECTION_BARS:
        blocks = [bars[i : i + length] for i in range(0, len(bars), length)]
        names = name_sections(blocks)
        n_letters = len({name[0] for name in names})
        if len(names) - n_letters >= max(_RETURNING_SHARE * len(names), 1) and (
            n_letters <= len(_LETTERS)
        ):
            return tuple(Section(n, len(b)) for n, b in zip(names, blocks, strict=True))
    return (Section("A", len(bars)),)


def name_sections(blocks: Sequence[Sequence[Bar]]) -> list[str]:
    """The letter of each section, with primes where it varies an earlier one."""
    names: list[str] = []
    for i, block in enumerate(blocks):
        scores = [(blocks_alike(block, blocks[j]), -j) for j in range(i)]
        score, j = max(scores, default=(0.0, 0))
        if score == 1.0:
            names.append(names[-j])
        elif score > ALIKE:
            letter = names[-j][0]
            names.append(letter + "'" * max(n.count("'") + 1 for n in names if n[0] == letter))
        else:
            n_letters = len({name[0] for name in names})
            names.append(_LETTERS[min(n_letters, len(_LETTERS) - 1)])
    return names


def blocks_alike(one: Sequence[Bar], other: Sequence[Bar]) -> float:
    """How alike two sections are, bar by bar, 0..1; 0 if they are of different lengths or empty."""
    pairs = [(a, b) for a, b in zip(one, other, strict=False) if a.notes or b.notes]
    if len(one) != len(other) or not pairs:
        return 0.0
    return float(np.mean([alike(a, b) for a, b in pairs]))
