"""The rows of the GRU; equations in ``cells/gru.py``, shapes in ``reference/rows.py``."""

from __future__ import annotations

import numpy as np

from lstm_music.reference.math import d_sigmoid, d_tanh, sigmoid, tanh
from lstm_music.types import FloatArray


def gru_forward(
    wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """One step. k holds r, z, n, m."""
    r, z = sigmoid(wx[:, 0] + uh[:, 0]), sigmoid(wx[:, 1] + uh[:, 1])
    m = uh[:, 2] + p[0]
    n = tanh(wx[:, 2] + r * m)
    h = (1 - z) * n + z * s_prev[0]
    return h[None], np.stack([r, z, n, m], axis=1)


def gru_backward(
    ds: FloatArray,
    s_prev: FloatArray,
    s_next: FloatArray,
    k: FloatArray,
    p: FloatArray,
    dp: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same step backwards."""
    dh, h_prev = ds[0], s_prev[0]
    r, z, n, m = k[:, 0], k[:, 1], k[:, 2], k[:, 3]
    dn = dh * (1 - z) * d_tanh(n)
    dm = dn * r
    dr = dn * m * d_sigmoid(r)
    dz = dh * (h_prev - n) * d_sigmoid(z)
    dp[0] += dm.sum(axis=0)
    return np.stack([dr, dz, dn], axis=1), np.stack([dr, dz, dm], axis=1), (dh * z)[None]
