"""The rows of the LSTM of products; equations in ``cells/mi_lstm.py``.

It makes the sums under the gates from both products and leaves the rest to the gated family.
Shapes in ``reference/rows.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_music.reference.gated import GatedRows
from lstm_music.types import FloatArray


@dataclass(frozen=True, slots=True)
class MiLstmRows:
    """The two row functions. k holds i, f, g, o, then wx, then uh."""

    behind: GatedRows

    def forward(
        self, wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """One step."""
        both, of_u, of_w = p[:4], p[4:8], p[8:]
        sums = both * wx * uh + of_u * uh + of_w * wx
        s_next, gates = self.behind.forward(sums, np.zeros_like(sums), s_prev, p)
        return s_next, np.concatenate([gates, wx, uh], axis=1)

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
        gates, wx, uh = k[:, :4], k[:, 4:8], k[:, 8:]
        both, of_u, of_w = p[:4], p[4:8], p[8:]
        dsums, _, ds_prev = self.behind.backward(ds, s_prev, s_next, gates, p, dp)
        dp += np.concatenate([dsums * wx * uh, dsums * uh, dsums * wx], axis=1).sum(axis=0)
        return dsums * (both * uh + of_w), dsums * (both * wx + of_u), ds_prev
