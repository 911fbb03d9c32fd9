"""Bars by number, as a score counts them: the first full bar is 1, a pickup is bar 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.music.grid import on_score_grid
from lstm_music.music.piece import Piece


def n_bars(piece: Piece) -> int:
    """Bars as in a score: full bars up to the end of the piece, a pickup not counted."""
    end = max(piece.end_steps, piece.length_steps)
    return piece.bar_lines.bar_at(end - 1) + (not piece.pickup_steps) if end else 0


def bar_number(piece: Piece, steps: int) -> int:
    """The bar in which an onset is, counted as in a score: a pickup is bar 0."""
    return piece.bar_lines.bar_at(steps) + (not piece.pickup_steps)


def bar_numbers(piece: Piece, steps: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
    """`bar_number` of many onsets."""
    return piece.bar_lines.bars_at(steps) + (not piece.pickup_steps)


def onsets_in_bars(piece: Piece) -> npt.NDArray[np.int64]:
    """The onsets by which the notes of a piece belong to its bars, (N,) in their order, in steps.

    They are those of a score: a downbeat that is played a little early belongs to the bar that
    begins with it.
    """
    onsets = piece.notes["onset_steps"].astype(np.int64)
    if on_score_grid(onsets - piece.pickup_steps).all():
        return onsets
    # Most pieces do without it.
    from lstm_music.music.listening.quantise import quantised_onsets

    return quantised_onsets(piece)


def bar_start(piece: Piece, bar: int) -> int:
    """Where a bar begins, counted as in a score; bars go on behind the end of the piece."""
    lines = piece.bar_lines
    number = bar - (not piece.pickup_steps)
    at = 0
    for _ in range(number):
        at = lines.bar_end(at)
    return at
