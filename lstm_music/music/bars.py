"""Bars by number, as a score counts them: the first full bar is 1, a pickup is bar 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

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


def bar_start(piece: Piece, bar: int) -> int:
    """Where a bar begins, counted as in a score; bars go on behind the end of the piece."""
    lines = piece.bar_lines
    number = bar - (not piece.pickup_steps)
    at = 0
    for _ in range(number):
        at = lines.bar_end(at)
    return at
