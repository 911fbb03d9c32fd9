"""One step of each optimiser over flat buffers.

Every rule changes parameters w and its memory m, v, all (n,), in place and reads the gradient g
(n,). What it works with is ``g_scale g + l2 w``: the clipped gradient and that of the penalty
l2/2 |w|^2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstm_music.types import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The numbers of one step; a rule reads those that it has a use for.

    Attributes
    ----------
    g_scale : factor of the gradient before anything else (clipping).
    l2 : weight of the penalty.
    rate : learning rate; for Adam learning rate / (1 - beta1^t).
    momentum : of SGD and RMSProp; beta1 of Adam.
    decay : of the mean square: RMSProp's; beta2 of Adam.
    epsilon : added to the root of the mean square: RMSProp, Adam.
    v_scale : 1 / sqrt(1 - beta2^t): Adam.
    shrink, grow : factors of a step where the gradient has turned, and where it has not: Rprop.
    least, most : bounds of a step in units of the rate: Rprop.
    """

    g_scale: float = 1.0
    l2: float = 0.0
    rate: float
    momentum: float = 0.0
    decay: float = 0.0
    epsilon: float = 0.0
    v_scale: float = 0.0
    shrink: float = 0.0
    grow: float = 0.0
    least: float = 0.0
    most: float = 0.0


def sgd(w: FloatArray, g: FloatArray, m: FloatArray, v: FloatArray, a: Update) -> None:
    """Gradient descent with momentum: m is the step in units of the rate; v is not used.

    References
    ----------
    Sutskever, Martens, Dahl & Hinton (2013), "On the importance of initialization and momentum in
    deep learning", eq. 1-2, with the learning rate outside of the momentum.
    """
    m[...] = a.momentum * m + _penalised(g, w, a)
    w -= a.rate * m


def rmsprop(w: FloatArray, g: FloatArray, m: FloatArray, v: FloatArray, a: Update) -> None:
    """RMSProp, not centred: v is the mean square of the gradient, m the step as in :func:`sgd`.

    References
    ----------
    Tieleman & Hinton (2012), "Lecture 6.5: rmsprop". Graves (2013, arXiv:1308.0850), eq. 38-45,
    has the centred variant, which takes the mean gradient's square off v.
    """
    g = _penalised(g, w, a)
    v[...] = a.decay * v + (1 - a.decay) * (g * g)
    m[...] = a.momentum * m + g / (np.sqrt(v) + a.epsilon)
    w -= a.rate * m


def rprop(w: FloatArray, g: FloatArray, m: FloatArray, v: FloatArray, a: Update) -> None:
    """Rprop without weight backtracking: v is the step in units of the rate, m the last sign.

    Where the sign of the gradient turns, the step shrinks, w stays, and the next sign counts as
    the first.

    References
    ----------
    Riedmiller & Braun (1993), "A direct adaptive method for faster backpropagation learning";
    this variant is iRprop- of Igel & Huesken (2000), "Improving the Rprop learning algorithm".
    """
    sign = np.sign(_penalised(g, w, a))
    agree = sign * m
    v *= np.where(agree > 0, a.grow, np.where(agree < 0, a.shrink, 1)).astype(v.dtype)
    np.clip(v, a.least, a.most, out=v)
    m[...] = np.where(agree < 0, 0, sign)
    w -= a.rate * m * v


def adam(w: FloatArray, g: FloatArray, m: FloatArray, v: FloatArray, a: Update) -> None:
    """Adam: m and v are the first and second moment.

    References
    ----------
    Kingma & Ba (2015), "Adam: a method for stochastic optimization", algorithm 1.
    """
    g = _penalised(g, w, a)
    m[...] = a.momentum * m + (1 - a.momentum) * g
    v[...] = a.decay * v + (1 - a.decay) * (g * g)
    w -= a.rate * m / (np.sqrt(v) * a.v_scale + a.epsilon)


def _penalised(g: FloatArray, w: FloatArray, a: Update) -> FloatArray:
    """The clipped gradient and that of the penalty."""
    real = g.dtype.type
    penalised: FloatArray = g * real(a.g_scale) + real(a.l2) * w
    return penalised


Rule = Callable[[FloatArray, FloatArray, FloatArray, FloatArray, Update], None]

RULES: dict[str, Rule] = {"sgd": sgd, "rmsprop": rmsprop, "rprop": rprop, "adam": adam}
