"""The rows of the cells of ``cells/fed.py``; shapes in ``reference/rows.py``.

Each makes the sums under the gates from what U was fed and leaves the rest to the gated family.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_music.reference.gated import GatedRows
from lstm_music.reference.math import d_sigmoid
from lstm_music.types import FloatArray

_GATES = [0, 1, 3]
"""i, f, o among the rows i, f, g, o of W; their activations are states 2, 3, 4 of fgr."""


@dataclass(frozen=True, slots=True)
class PeepholeCellRows:
    """The two row functions of ``peephole-cell``: U has rows for i, f, o.

    Also those of ``memory-gated``, whose r, f, u, o are i, f, g, o here.
    """

    behind: GatedRows

    def forward(
        self, wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """One step. k holds i, f, g, o."""
        sums = wx.copy()
        sums[:, _GATES] += uh
        return self.behind.forward(sums, np.zeros_like(sums), s_prev, p)

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
        dsums, _, ds_prev = self.behind.backward(ds, s_prev, s_next, k, p, dp)
        return dsums, dsums[:, _GATES], ds_prev


@dataclass(frozen=True, slots=True)
class FgrRows:
    """The two row functions of ``fgr``: U has rows for i, f, g, o, then thrice for i, f, o."""

    behind: GatedRows

    def forward(
        self, wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """One step. k holds i, f, g, o."""
        sums = wx + uh[:, :4]
        sums[:, _GATES] += uh[:, 4:7] + uh[:, 7:10] + uh[:, 10:13]
        hc, k = self.behind.forward(sums, np.zeros_like(sums), s_prev[:2], p)
        return np.concatenate([hc, np.moveaxis(k[:, _GATES], 1, 0)]), k

    def backward(
        self,
        ds: FloatArray,
        s_prev: FloatArray,
        s_next: FloatArray,
        k: FloatArray,
        p: FloatArray,
        dp: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The same step backwards.

        ``direct[x]`` is what reaches the sum under the gate x as a state of the next step; the
        peephole of o takes it on to the new c, those of i and f to the old one.
        """
        c_prev, c, direct = s_prev[1], s_next[1], ds[2:] * d_sigmoid(s_next[2:])
        dhc = np.stack([ds[0], ds[1] + direct[2] * p[2]])
        dsums, _, dhc_prev = self.behind.backward(dhc, s_prev[:2], s_next[:2], k, p, dp)
        dsums[:, _GATES] += np.moveaxis(direct, 0, 1)
        dhc_prev[1] += direct[0] * p[0] + direct[1] * p[1]
        dp += (direct * np.stack([c_prev, c_prev, c])).sum(axis=1)
        duh = np.concatenate([dsums] + 3 * [dsums[:, _GATES]], axis=1)
        return dsums, duh, np.concatenate([dhc_prev, np.zeros_like(direct)])
