"""The rows of the layer-normalised LSTM; equations in ``cells/layernorm_lstm.py``.

Shapes in ``reference/rows.py``. The cache holds the four gates and the four sums under them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_music.cells.gated import Squash
from lstm_music.cells.layernorm_lstm import EPSILON
from lstm_music.reference.math import d_sigmoid, d_tanh, sigmoid, tanh
from lstm_music.types import FloatArray


def normalise(a: FloatArray) -> tuple[FloatArray, FloatArray]:
    """``a`` (B,H) with mean 0 and variance 1 over H, and the factor (B,1) that did it."""
    deviation = a - a.mean(axis=1, keepdims=True)
    factor = 1 / np.sqrt((deviation * deviation).mean(axis=1, keepdims=True) + EPSILON)
    return deviation * factor, factor


def _through_norm(
    dy: FloatArray, a: FloatArray, gain: FloatArray, dgain: FloatArray, dshift: FloatArray
) -> FloatArray:
    """Gradient of ``a`` given that of y = gain N(a) + shift; dgain and dshift accumulate."""
    n, factor = normalise(a)
    dgain += (dy * n).sum(axis=0)
    dshift += dy.sum(axis=0)
    dn = dy * gain
    along = (dn * n).mean(axis=1, keepdims=True)
    da: FloatArray = factor * (dn - dn.mean(axis=1, keepdims=True) - n * along)
    return da


@dataclass(frozen=True, slots=True)
class LayernormLstmRows:
    """The two row functions; ``s_h`` squashes what the output gate lets out."""

    s_h: Squash

    def forward(
        self, wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """One step."""
        sums = wx + uh
        a_i, a_f, a_g, a_o = (p[q] * normalise(sums[:, q])[0] + p[4 + q] for q in range(4))
        i, f, g, o = sigmoid(a_i), sigmoid(a_f), tanh(a_g), sigmoid(a_o)
        c = f * s_prev[1] + i * g
        h = o * self._out(c, p)
        return np.stack([h, c]), np.concatenate([np.stack([i, f, g, o], axis=1), sums], axis=1)

    def backward(
        self,
        ds: FloatArray,
        s_prev: FloatArray,
        s_next: FloatArray,
        k: FloatArray,
        p: FloatArray,
        dp: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The same step backwards."""
        (dh, dc), c = ds, s_next[1]
        i, f, g, o = k[:, 0], k[:, 1], k[:, 2], k[:, 3]
        out = self._out(c, p)
        d_out = dh * o * (d_tanh(out) if self.s_h == "tanh" else 1)
        dc = dc + _through_norm(d_out, c, p[8], dp[8], dp[9])
        dgates = (
            dc * g * d_sigmoid(i),
            dc * s_prev[1] * d_sigmoid(f),
            dc * i * d_tanh(g),
            dh * out * d_sigmoid(o),
        )
        dsums = np.stack(
            [_through_norm(d, k[:, 4 + q], p[q], dp[q], dp[4 + q]) for q, d in enumerate(dgates)],
            axis=1,
        )
        return dsums, dsums, np.stack([np.zeros_like(dh), dc * f])

    def _out(self, c: FloatArray, p: FloatArray) -> FloatArray:
        """The cell's state as the output gate lets it out."""
        shifted: FloatArray = p[8] * normalise(c)[0] + p[9]
        return tanh(shifted) if self.s_h == "tanh" else shifted
