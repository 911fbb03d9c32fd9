"""Optimisers over flat buffers: SGD with momentum, RMSProp, Rprop, Adam.

All clip the gradient's norm first and take an L2 penalty. The rules themselves, with their
sources, stand in :mod:`lstm_music.reference.optim`.

>>> import numpy as np
>>> optimiser = make_optimiser("sgd", 2, dtype="float64", momentum=0.0)
>>> params = np.array([1.0, 1.0])
>>> float(optimiser.step(params, np.array([3.0, 4.0]), learning_rate=0.1))
5.0
>>> params.round(6).tolist()
[0.7, 0.6]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.nn.optimiser import Optimiser
from lstm_music.reference.optim import Update


@dataclass(kw_only=True, eq=False)
class SGD(Optimiser):
    """Gradient descent with momentum, 0 <= momentum < 1.

    Sutskever et al. (2013), eq. 1-2. Remembers ``m``, the step in units of the learning rate.
    """

    rule = "sgd"
    memory = (("m", 0.0),)
    default_rate = 0.5

    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_shares(momentum=self.momentum)

    def _numbers(self, learning_rate: float, t: int) -> Update:
        return Update(rate=learning_rate, momentum=self.momentum)


@dataclass(kw_only=True, eq=False)
class RMSProp(Optimiser):
    """The gradient over the root of its mean square, not centred; momentum if wanted.

    Tieleman & Hinton (2012), lecture 6.5. Remembers ``m``, as SGD, and ``v``, the mean square.
    """

    rule = "rmsprop"
    memory = (("m", 0.0), ("v", 0.0))
    default_rate = 0.005

    momentum: float = 0.0
    decay: float = 0.9
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_shares(momentum=self.momentum, decay=self.decay)

    def _numbers(self, learning_rate: float, t: int) -> Update:
        return Update(
            rate=learning_rate, momentum=self.momentum, decay=self.decay, epsilon=self.epsilon
        )


@dataclass(kw_only=True, eq=False)
class Rprop(Optimiser):
    """A step of its own for every parameter, from the gradient's sign alone: iRprop-.

    Igel & Huesken (2000), after Riedmiller & Braun (1993). For full batches: the sign of a
    gradient that changes from sample to sample says little. Steps are in units of the learning
    rate, so that a schedule holds for them too: they start at 1 and stay in least..most. Clipping
    moves no sign, except against the penalty's. Remembers ``m``, the last sign (0 where it had
    turned), and ``v``, the steps.
    """

    rule = "rprop"
    memory = (("m", 0.0), ("v", 1.0))
    default_rate = 0.0001

    shrink: float = 0.5
    grow: float = 1.2
    least: float = 1e-3
    most: float = 1e3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (0 < self.shrink < 1 < self.grow and 0 < self.least <= 1 <= self.most):
            raise ConfigError(
                "rprop needs 0 < shrink < 1 < grow and 0 < least <= 1 <= most, got "
                f"{self.shrink}, {self.grow}, {self.least}, {self.most}"
            )

    def _numbers(self, learning_rate: float, t: int) -> Update:
        return Update(
            rate=learning_rate,
            shrink=self.shrink,
            grow=self.grow,
            least=self.least,
            most=self.most,
        )


@dataclass(kw_only=True, eq=False)
class Adam(Optimiser):
    """Adam, bias-corrected: Kingma & Ba (2015), algorithm 1.

    Remembers ``m`` and ``v``, the first and second moment.
    """

    rule = "adam"
    memory = (("m", 0.0), ("v", 0.0))
    default_rate = 0.003

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_shares(beta1=self.beta1, beta2=self.beta2)

    def _numbers(self, learning_rate: float, t: int) -> Update:
        return Update(
            rate=learning_rate / (1 - self.beta1**t),
            v_scale=(1 - self.beta2**t) ** -0.5,
            momentum=self.beta1,
            decay=self.beta2,
            epsilon=self.epsilon,
        )


OPTIMISERS: dict[str, type[Optimiser]] = {kind.rule: kind for kind in (Adam, SGD, RMSProp, Rprop)}


def optimiser_type(name: str) -> type[Optimiser]:
    """The optimiser of that name.

    Raises
    ------
    ConfigError : there is none.
    """
    if name not in OPTIMISERS:
        raise ConfigError(f"no optimiser {name!r}; there are {', '.join(OPTIMISERS)}")
    return OPTIMISERS[name]


def make_optimiser(
    name: str, size: int, *, momentum: float | None = None, **options: Any
) -> Optimiser:
    """An optimiser by name.

    Parameters
    ----------
    name : ``adam``, ``sgd``, ``rmsprop`` or ``rprop``.
    size : number of parameters.
    momentum : of ``sgd`` and ``rmsprop``; None: the optimiser's own.
    options : as for :class:`lstm_music.nn.optimiser.Optimiser`, and the rule's own numbers.

    Raises
    ------
    ConfigError : no such optimiser, a number out of range, or one without momentum given one.
    """
    kind = optimiser_type(name)
    if momentum is not None:
        if "momentum" not in kind.__dataclass_fields__:
            raise ConfigError(f"{name} takes no momentum; sgd and rmsprop do")
        options["momentum"] = momentum
    return kind(size, **options)


def _check_shares(**numbers: float) -> None:
    for name, number in numbers.items():
        if not 0 <= number < 1:
            raise ConfigError(f"{name} must be at least 0 and below 1, got {number}")
