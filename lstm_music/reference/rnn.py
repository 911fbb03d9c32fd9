"""The rows of the simple network; equations in ``cells/rnn.py``, shapes in ``rows.py``."""

from __future__ import annotations

import numpy as np

from lstm_music.reference.math import d_tanh, tanh
from lstm_music.types import FloatArray


def rnn_forward(
    wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """One step. k holds h."""
    h = tanh(wx[:, 0] + uh[:, 0])
    return h[None], h[:, None]


def rnn_backward(
    ds: FloatArray,
    s_prev: FloatArray,
    s_next: FloatArray,
    k: FloatArray,
    p: FloatArray,
    dp: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same step backwards."""
    dsum = ds[0] * d_tanh(k[:, 0])
    return dsum[:, None], dsum[:, None], np.zeros_like(ds)
