"""The rows of the JANET; equations in ``cells/janet.py``, shapes in ``reference/rows.py``."""

from __future__ import annotations

import numpy as np

from lstm_music.reference.math import d_sigmoid, d_tanh, sigmoid, tanh
from lstm_music.types import FloatArray


def janet_forward(
    wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """One step. k holds a, g. 1 - sigmoid(a - 1) is sigmoid(1 - a)."""
    sums = wx + uh
    a, g = sums[:, 0], tanh(sums[:, 1])
    return (sigmoid(a) * s_prev[0] + sigmoid(1 - a) * g)[None], np.stack([a, g], axis=1)


def janet_backward(
    ds: FloatArray,
    s_prev: FloatArray,
    s_next: FloatArray,
    k: FloatArray,
    p: FloatArray,
    dp: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same step backwards."""
    dh, g = ds[0], k[:, 1]
    f, i = sigmoid(k[:, 0]), sigmoid(1 - k[:, 0])
    da = dh * (s_prev[0] * d_sigmoid(f) - g * d_sigmoid(i))
    dsums = np.stack([da, dh * i * d_tanh(g)], axis=1)
    return dsums, dsums, (dh * f)[None]
