"""The rows of the cells of ``cells/elementwise.py``; shapes in ``reference/rows.py``.

There is no U: ``uh`` and ``duh`` are (B, 0, H).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_music.cells.elementwise import Activation
from lstm_music.reference.math import d_sigmoid, d_tanh, log_sigmoid, sigmoid, tanh
from lstm_music.types import FloatArray


def forget_share(under_i: FloatArray, under_f: FloatArray) -> FloatArray:
    """F / (f + i) of the sums under i and f; the quotient may be 0 / 0, this is not."""
    return sigmoid(log_sigmoid(under_f) - log_sigmoid(under_i))


def minlstm_forward(
    wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """One step. k holds the sums under i and f, and g: wx."""
    f = forget_share(wx[:, 0], wx[:, 1])
    return (f * s_prev[0] + (1 - f) * wx[:, 2])[None], wx.copy()


def minlstm_backward(
    ds: FloatArray,
    s_prev: FloatArray,
    s_next: FloatArray,
    k: FloatArray,
    p: FloatArray,
    dp: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same step backwards. The logarithm of a sigmoid rises by 1 minus the sigmoid."""
    dh, f = ds[0], forget_share(k[:, 0], k[:, 1])
    d = dh * (s_prev[0] - k[:, 2]) * d_sigmoid(f)
    dwx = np.stack([-d * sigmoid(-k[:, 0]), d * sigmoid(-k[:, 1]), dh * (1 - f)], axis=1)
    return dwx, dwx[:, :0], (dh * f)[None]


def mingru_forward(
    wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """One step. k holds z, n."""
    z, n = sigmoid(wx[:, 0]), wx[:, 1]
    return ((1 - z) * s_prev[0] + z * n)[None], np.stack([z, n], axis=1)


def mingru_backward(
    ds: FloatArray,
    s_prev: FloatArray,
    s_next: FloatArray,
    k: FloatArray,
    p: FloatArray,
    dp: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same step backwards."""
    dh, z, n = ds[0], k[:, 0], k[:, 1]
    dwx = np.stack([dh * (n - s_prev[0]) * d_sigmoid(z), dh * z], axis=1)
    return dwx, dwx[:, :0], (dh * (1 - z))[None]


def sru_forward(
    wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """One step. k holds f, g, r, s."""
    c_prev, g, s = s_prev[1], wx[:, 1], wx[:, 3]
    f, r = sigmoid(wx[:, 0] + p[0] * c_prev), sigmoid(wx[:, 2] + p[1] * c_prev)
    c = f * c_prev + (1 - f) * g
    return np.stack([r * c + (1 - r) * s, c]), np.stack([f, g, r, s], axis=1)


def sru_backward(
    ds: FloatArray,
    s_prev: FloatArray,
    s_next: FloatArray,
    k: FloatArray,
    p: FloatArray,
    dp: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same step backwards."""
    (dh, dc), c_prev, c = ds, s_prev[1], s_next[1]
    f, g, r, s = np.moveaxis(k, 1, 0)
    dc = dc + dh * r
    df, dr = dc * (c_prev - g) * d_sigmoid(f), dh * (c - s) * d_sigmoid(r)
    dp += np.stack([df * c_prev, dr * c_prev]).sum(axis=1)
    dwx = np.stack([df, dc * (1 - f), dr, dh * (1 - r)], axis=1)
    return dwx, dwx[:, :0], np.stack([np.zeros_like(dh), dc * f + df * p[0] + dr * p[1]])


@dataclass(frozen=True, slots=True)
class IndrnnRows:
    """The two row functions of ``indrnn``. k holds h."""

    activation: Activation

    def forward(
        self, wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """One step."""
        sums = wx[:, 0] + p[0] * s_prev[0]
        h = tanh(sums) if self.activation == "tanh" else np.maximum(sums, 0)
        return h[None], h[:, None]

    def backward(
        self,
        ds: FloatArray,
        s_prev: FloatArray,
        s_next: FloatArray,
        k: FloatArray,
        p: FloatArray,
        dp: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The same step backwards. The slope of relu is its sign; that of NaN is NaN."""
        h = k[:, 0]
        dsum = ds[0] * (d_tanh(h) if self.activation == "tanh" else np.sign(h))
        dp[0] += (dsum * s_prev[0]).sum(axis=0)
        dwx = dsum[:, None]
        return dwx, dwx[:, :0], (dsum * p[0])[None]
