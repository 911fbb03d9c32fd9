"""Squashing functions and their derivatives, readable, in any float dtype.

A derivative takes the function's *output*: that is what a forward pass keeps.
"""

from __future__ import annotations

import numpy as np

from lstm_music.types import FloatArray


def sigmoid(x: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)), without overflow at either end; NaN stays NaN."""
    e = np.exp(-np.abs(x))  # never above 1
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e)).astype(x.dtype, copy=False)


def d_sigmoid(y: FloatArray) -> FloatArray:
    """Derivative of the sigmoid whose output is ``y``."""
    return y * (1 - y)


def log_sigmoid(x: FloatArray) -> FloatArray:
    """log(sigmoid(x)), without the overflow of its parts; NaN stays NaN."""
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def tanh(x: FloatArray) -> FloatArray:
    """Hyperbolic tangent."""
    return np.tanh(x)


def d_tanh(y: FloatArray) -> FloatArray:
    """Derivative of the tanh whose output is ``y``."""
    return 1 - y * y
