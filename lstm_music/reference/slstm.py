"""The rows of the scalar LSTM; equations in ``cells/slstm.py``, shapes in ``reference/rows.py``.

The cache holds what the state cannot give back: i, the sums under f, g and o.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_music.cells.slstm import Forget
from lstm_music.reference.math import d_sigmoid, d_tanh, log_sigmoid, sigmoid, tanh
from lstm_music.types import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class SlstmRows:
    """The two row functions; ``f`` is what the forget gate is of its sums."""

    f: Forget

    def forward(
        self, wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """One step. k holds i, the sums under f, g, o."""
        i, under_f, under_g, under_o = np.moveaxis(wx + uh, 1, 0)
        g, o = tanh(under_g), sigmoid(under_o)
        k = np.stack([i, under_f, g, o], axis=1)
        kept, keeps = self._kept(s_prev, k)
        m = np.where(keeps, kept, i)
        keep, write = self._factors(s_prev, kept, i, m)
        c, n = keep * s_prev[1] + write * g, keep * s_prev[2] + write
        return np.stack([o * (c / n), c, n, m]), k

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
        (dh, dc, dn, dm), (_, c_prev, n_prev, _), (_, c, n, m) = ds, s_prev, s_next
        i, under_f, g, o = np.moveaxis(k, 1, 0)
        kept, keeps = self._kept(s_prev, k)
        keep, write = self._factors(s_prev, kept, i, m)
        out, d_out = c / n, dh * o / n
        dc, dn = dc + d_out, dn - d_out * out
        # d_write and d_keep: of the exponents, each of which has -m in it.
        d_write, d_keep = (dc * g + dn) * write, (dc * c_prev + dn * n_prev) * keep
        dm = dm - d_write - d_keep
        di = d_write + np.where(keeps, 0, dm)
        d_kept = d_keep + np.where(keeps, dm, 0)
        df = d_kept * sigmoid(-under_f) if self.f == "sigmoid" else d_kept
        dg, do = dc * write * d_tanh(g), dh * out * d_sigmoid(o)
        dsums = np.stack([di, df, dg, do], axis=1)
        return dsums, dsums, np.stack([np.zeros_like(dh), dc * keep, dn * keep, d_kept])

    def _kept(self, s_prev: FloatArray, k: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Logarithm of what is left of the old scale, and where it sets the new one."""
        i, under_f = k[:, 0], k[:, 1]
        kept = (log_sigmoid(under_f) if self.f == "sigmoid" else under_f) + s_prev[3]
        return kept, ~(s_prev[2] <= 0) & ~(kept <= i)

    def _factors(
        self, s_prev: FloatArray, kept: FloatArray, i: FloatArray, m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Of the old c and n, and of what is written."""
        # Where nothing is kept the exponent may be large: it is left at 0.
        nothing = s_prev[2] <= 0
        keep = np.where(nothing, 0, np.exp(np.where(nothing, 0, kept - m)))
        return keep, np.exp(i - m)
