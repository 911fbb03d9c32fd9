"""The bars of a piece as sets of notes, and how alike two of them are.

A pickup is no bar, and nothing is one after the last onset. Instruments count: a hi-hat and a bass
drum at one place are two different notes, as are a flute and a horn on one pitch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from lstm_music.evaluate.view import View
from lstm_music.music.form import jaccard
from lstm_music.music.piece import Piece

LAGS = (1, 2, 4, 8, 16)
"""How many bars back a bar is compared."""

DRUMS = 128
"""Stands in place of the program of a drum track."""

Bar = frozenset[tuple[int, ...]]
"""The notes of a bar, each a row of numbers, the place in the bar first."""

_Row = TypeVar("_Row", bound=Hashable)


def instruments(piece: Piece) -> list[int]:
    """The program of each track, 0..127, or `DRUMS`."""
    return [DRUMS if track.is_drum else track.program for track in piece.tracks]


def bar_places(piece: Piece) -> list[Bar]:
    """What each bar plays where: (nearest 16th, instrument, pitch or drum key) of each note.

    The bar and the 16th are those of `View.sixteenth_at`.
    """
    return places_by_bar(View(piece), instruments(piece))


def places_by_bar(view: View, which: Sequence[int]) -> list[Bar]:
    """`bar_places`, with ``which`` as the instrument of each track."""
    notes, at = view.notes, view.sixteenth_at
    return by_bar(
        (at[onset][0], (at[onset][1], which[track], pitch))
        for onset, track, pitch in zip(notes.onsets, notes.tracks, notes.pitches, strict=True)
    )


def bar_contents(piece: Piece) -> list[Bar]:
    """What each bar holds: (place, instrument, pitch, length) of each note, in steps.

    Drums are struck when people strike them and have no length: of them the nearest 16th counts.
    """
    return contents_by_bar(View(piece), instruments(piece))


def contents_by_bar(view: View, which: Sequence[int]) -> list[Bar]:
    """`bar_contents`, with ``which`` as the instrument of each track."""
    notes, first = view.notes, int(view.piece.pickup_steps > 0)
    rows: list[tuple[int, tuple[int, ...]]] = []
    for onset, length, pitch, track in zip(
        notes.onsets, notes.lengths, notes.pitches, notes.tracks, strict=True
    ):
        if which[track] == DRUMS:
            bar, place = view.sixteenth_at[onset]
            rows.append((bar, (place, DRUMS, pitch, 0)))
        else:
            row = (view.place_at[onset], which[track], pitch, length)
            rows.append((view.bar_at[onset] - first, row))
    return by_bar(rows)


def mean_likeness(bars: list[Bar], lag: int = 1) -> float | None:
    """Mean `jaccard` of each bar and the one ``lag`` before; None without two to compare.

    Examples
    --------
    >>> a, b = frozenset([(0, 60), (4, 62), (8, 64)]), frozenset([(4, 62), (8, 64), (12, 65)])
    >>> mean_likeness([a, a, b])
    0.75
    """
    pairs = (jaccard(a, b) for a, b in zip(bars[lag:], bars, strict=False))
    found = [alike for alike in pairs if alike is not None]
    return sum(found) / len(found) if found else None


def bar_likeness(piece: Piece) -> float | None:
    """How alike neighbouring bars are, 0..1, instrument by instrument: see `bar_places`.

    None without two bars that hold a note.
    """
    return mean_likeness(bar_places(piece))


def by_bar(rows: Iterable[tuple[int, _Row]]) -> list[frozenset[_Row]]:
    """Some rows, each after the number of its bar; those of the pickup, -1, are left out."""
    found: defaultdict[int, set[_Row]] = defaultdict(set)
    for bar, row in rows:
        found[bar].add(row)
    return [frozenset(found.get(bar, ())) for bar in range(max(found, default=-1) + 1)]
