"""The bars of a piece as sets of notes, and how alike two of them are.

A pickup is no bar, and nothing is one after the last onset. Instruments count: a hi-hat and a bass
drum at one place are two different notes, as are a flute and a horn on one pitch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.music.form import jaccard
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.piece import Piece

LAGS = (1, 2, 4, 8, 16)
"""How many bars back a bar is compared."""

SIXTEENTH_STEPS = STEPS_PER_QUARTER // 4
DRUMS = 128
"""Stands in place of the program of a drum track."""

Bar = frozenset[tuple[int, ...]]
"""The notes of a bar, each a row of numbers, the place in the bar first."""

_Ints = npt.NDArray[np.int64]


def instruments(piece: Piece) -> _Ints:
    """The program of each note, (N,) 0..127, or `DRUMS`."""
    of_track = [DRUMS if track.is_drum else track.program for track in piece.tracks]
    return np.array([*of_track, DRUMS], np.int64)[piece.notes["track"].astype(np.int64)]


def bar_places(piece: Piece) -> list[Bar]:
    """What each bar plays where: (nearest 16th, instrument, pitch or drum key) of each note.

    A note nearer to the next bar line than to the last 16th belongs to the next bar, if any other
    note does.
    """
    bars, place = _on_16ths(piece)
    return _sets(bars, [place, instruments(piece), piece.notes["pitch_midi"]])


def bar_contents(piece: Piece) -> list[Bar]:
    """What each bar holds: (place, instrument, pitch, length) of each note, in steps.

    Drums are struck when people strike them and have no length: of them the nearest 16th counts.
    """
    notes, which = piece.notes, instruments(piece)
    is_drum = which == DRUMS
    drum_bars, drum_places = _on_16ths(piece)
    bars, places = _bars_and_places(piece)
    bars = np.where(is_drum, drum_bars, bars)
    places = np.where(is_drum, drum_places, places)
    lengths = np.where(is_drum, 0, notes["duration_steps"])
    return _sets(bars, [places, which, notes["pitch_midi"], lengths])


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


def _bars_and_places(piece: Piece) -> tuple[_Ints, _Ints]:
    """Bar of each note, from 0 at the first full one (-1: in the pickup), and its place there."""
    onsets = piece.notes["onset_steps"].astype(np.int64)
    lines = piece.bar_lines
    places, _ = lines.places(onsets)
    return lines.bars_at(onsets) - (piece.pickup_steps > 0), places


def _on_16ths(piece: Piece) -> tuple[_Ints, _Ints]:
    """As `_bars_and_places`, each note at the nearest 16th, counted in 16ths."""
    onsets = piece.notes["onset_steps"].astype(np.int64)
    bars, places = _bars_and_places(piece)
    _, lengths = piece.bar_lines.places(onsets)
    nearest = (places + SIXTEENTH_STEPS // 2) // SIXTEENTH_STEPS
    is_next = nearest * SIXTEENTH_STEPS >= np.where(bars < 0, piece.pickup_steps, lengths)
    is_next &= bars < bars.max(initial=-1)  # an early stroke makes no bar that has nothing else
    return bars + is_next, np.where(is_next, 0, nearest)


def _sets(bars: _Ints, columns: list[npt.NDArray[Any]]) -> list[Bar]:
    """The rows of some columns, by bar."""
    found: list[set[tuple[int, ...]]] = [set() for _ in range(int(bars.max(initial=-1)) + 1)]
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for bar, row in zip(bars.tolist(), rows, strict=True):
        if bar >= 0:
            found[bar].add(row)
    return [frozenset(notes) for notes in found]
