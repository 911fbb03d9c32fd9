"""The sum of one embedding row a stream, and its gradient."""

from __future__ import annotations

import numpy as np

from lstm_music.types import FloatArray, IntArray


def embed_forward(E: FloatArray, rows: IntArray) -> FloatArray:
    """X (n, D): the sum over the streams s of E[rows[:, s]].

    Parameters
    ----------
    E : (R, D) — the table of all streams.
    rows : (n, S) int32 — rows of E, one a stream.
    """
    total: FloatArray = E[rows].sum(axis=1)
    return total


def embed_backward(dX: FloatArray, rows: IntArray, dE: FloatArray) -> None:
    """DE[rows[:, s]] += dX for every stream s; rows that come up twice get both."""
    for s in range(rows.shape[1]):
        np.add.at(dE, rows[:, s], dX)
