"""The row functions of every cell in NumPy: the definition of correct.

A call handles all batch rows of one step at once; no row looks at another. Shapes::

    wx, dwx (B, gates_w, H)    s, ds (states, B, H)    k (B, cached, H)
    uh, duh (B, gates_u, H)    p, dp (row_params, H)

Activation gradients are returned new (=); ``dp`` accumulates (+=).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstm_music.reference.math import d_sigmoid, d_tanh, sigmoid, tanh
from lstm_music.types import FloatArray

RowForward = Callable[
    [FloatArray, FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]
]
"""(wx, uh, s_prev, p) -> (s_next, k)."""

RowBackward = Callable[
    [FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray],
    tuple[FloatArray, FloatArray, FloatArray],
]
"""(ds, s_prev, s_next, k, p, dp) -> (dwx, duh, ds_prev), and dp += ..."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The two row functions of a cell."""

    forward: RowForward
    backward: RowBackward


def lstm_forward(
    wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """One LSTM step; equations in ``cells/lstm.py``. k holds i, f, g, o."""
    sums = wx + uh
    i, f = sigmoid(sums[:, 0]), sigmoid(sums[:, 1])
    g, o = tanh(sums[:, 2]), sigmoid(sums[:, 3])
    c = f * s_prev[1] + i * g
    h = o * tanh(c)
    return np.stack([h, c]), np.stack([i, f, g, o], axis=1)


def lstm_backward(
    ds: FloatArray,
    s_prev: FloatArray,
    s_next: FloatArray,
    k: FloatArray,
    p: FloatArray,
    dp: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same step backwards; tanh(c) is computed again, which costs less than keeping it."""
    dh, dc = ds
    i, f, g, o = k[:, 0], k[:, 1], k[:, 2], k[:, 3]
    tanh_c = tanh(s_next[1])
    dc = dc + dh * o * d_tanh(tanh_c)
    dsums = np.stack(
        [
            dc * g * d_sigmoid(i),
            dc * s_prev[1] * d_sigmoid(f),
            dc * i * d_tanh(g),
            dh * tanh_c * d_sigmoid(o),
        ],
        axis=1,
    )
    return dsums, dsums, np.stack([np.zeros_like(dh), dc * f])


ROWS: dict[str, Rows] = {"lstm": Rows(lstm_forward, lstm_backward)}
"""Row functions by cell name; a test holds the names equal to the cell registry's."""
