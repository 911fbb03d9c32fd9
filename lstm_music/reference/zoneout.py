"""Zoneout: units that keep their old state, by a mask in training and by its mean elsewhere."""

from __future__ import annotations

import numpy as np

from lstm_music.reference.dropout import random_words
from lstm_music.types import FloatArray, MaskKey


def kept_share(
    rates: tuple[float, ...],
    mask_key: MaskKey | None,
    t: int,
    shape: tuple[int, int, int],
    dtype: np.dtype[np.floating],
) -> FloatArray:
    """How much of its old value each unit keeps at step t, of shape (states, B, H).

    The new state is ``share * old + (1 - share) * new``, with all of ``new`` from the cell's own
    equations: h is made of the c that has not been kept.

    Parameters
    ----------
    rates : probability that a unit of each state keeps its value, 0 <= rate < 1.
    mask_key : 1 or 0 by the masks under this key; None: the rates themselves, their mean.
    t : steps since the start of the call: a call that goes on from another needs another key.

    References
    ----------
    Krueger et al. (2016), arXiv:1606.01305, section 3.2.
    """
    states, B, H = shape
    each = np.array(rates, np.float64)[:, None, None]
    if mask_key is None:
        return np.broadcast_to(each, shape).astype(dtype)
    blocks = states * B * -(-H // 64)  # each (state, batch row) starts on a block of 64 words
    words = random_words(*mask_key, 64 * blocks, first=t * blocks).reshape(states, B, -1)
    return (words[:, :, :H] < np.minimum(np.rint(each * 2.0**32), 2.0**32 - 1)).astype(dtype)
