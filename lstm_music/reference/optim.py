"""The Adam step over flat buffers."""

from __future__ import annotations

import numpy as np

from lstm_music.types import FloatArray


def adam(
    w: FloatArray,
    g: FloatArray,
    m: FloatArray,
    v: FloatArray,
    *,
    g_scale: float,
    rate: float,
    v_scale: float,
    beta1: float,
    beta2: float,
    epsilon: float,
) -> None:
    """One step: parameters w and moments m, v, all (n,), change in place; gradient g is read.

    Parameters
    ----------
    g_scale : factor of the gradient before anything else (clipping).
    rate : learning rate / (1 - beta1^t).
    v_scale : 1 / sqrt(1 - beta2^t).
    beta1, beta2, epsilon : as in the paper.

    References
    ----------
    Kingma & Ba (2015), "Adam: a method for stochastic optimization", algorithm 1.
    """
    scaled = g * g.dtype.type(g_scale)
    m[...] = beta1 * m + (1 - beta1) * scaled
    v[...] = beta2 * v + (1 - beta2) * (scaled * scaled)
    w -= rate * m / (np.sqrt(v) * v_scale + epsilon)
