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

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from lstm_music.backends.base import Backend
from lstm_music.backends.checks import check_array
from lstm_music.backends.registry import get_backend
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.nn.config import float_type
from lstm_music.reference.optim import Update
from lstm_music.types import FloatArray


@dataclass(kw_only=True, eq=False)
class Optimiser:
    """What every optimiser has in common; a subclass is one rule and its numbers.

    Parameters
    ----------
    size : n, number of parameters.
    dtype : float32 or float64, that of parameters and gradients.
    l2 : weight of the penalty ``l2/2 |w|^2``, 0 or more. Its gradient ``l2 w`` joins the clipped
        gradient before the rule sees it (coupled; not the decoupled decay of AdamW).
    penalised : the parameters that the penalty is on, as slices of 0..n; None: all.
    backend : what computes; default: the compiled one, on every core.

    Raises
    ------
    ConfigError : a number is out of range.
    """

    rule: ClassVar[str]
    memory: ClassVar[tuple[tuple[str, float], ...]]
    """What the rule remembers of each parameter, and what that is at the start."""
    default_rate: ClassVar[float]
    """A learning rate to begin with, for a gradient of the mean loss."""

    size: int = field(kw_only=False)
    dtype: npt.DTypeLike = "float32"
    l2: float = 0.0
    penalised: Sequence[slice] | None = None
    backend: Backend = field(default_factory=get_backend)

    def __post_init__(self) -> None:
        if not 0 <= self.l2 < math.inf:
            raise ConfigError(f"l2 must be 0 or more, got {self.l2}")
        real = float_type(self.dtype)
        self._memory = {name: np.full(self.size, x, real) for name, x in self.memory}
        self._steps = 0
        self._parts = _parts(self.size, self.l2, self.penalised)

    def step(
        self,
        params: FloatArray,
        grads: FloatArray,
        learning_rate: float,
        max_norm: float = math.inf,
    ) -> float:
        """Update the parameters in place.

        Parameters
        ----------
        params, grads : (size,) of the optimiser's dtype; grads are left as they are.
        learning_rate : of this step.
        max_norm : a longer gradient is shortened to this length first.

        Returns
        -------
        float
            Euclidean norm of the gradient before clipping, without the penalty. If it is NaN or
            infinite nothing was changed: the caller decides what to do.

        Raises
        ------
        ShapeError : an array has the wrong shape, dtype or layout.
        """
        for name, array in (("params", params), ("grads", grads)):
            check_array(name, array, (self.size,), float_type(self.dtype))
        norm = self.backend.norm(grads)
        if not math.isfinite(norm):
            return norm
        clip = min(1.0, max_norm / (norm + 1e-6))  # as torch does it: never 0 / 0
        numbers = self._numbers(learning_rate, self._steps + 1)
        for part, l2 in self._parts:
            memory = [array[part] for array in self._memory.values()]
            self.backend.update(
                self.rule, params[part], grads[part], memory[0], memory[-1],
                replace(numbers, g_scale=clip, l2=l2),
            )  # fmt: skip
        self._steps += 1
        return norm

    def _numbers(self, learning_rate: float, t: int) -> Update:
        """The numbers of step t = 1, 2, ..., clipping and penalty apart."""
        raise NotImplementedError

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Copies of the memory, each (size,), and ``steps`` () int64: all a resume needs."""
        copies: dict[str, npt.NDArray[Any]] = {n: a.copy() for n, a in self._memory.items()}
        return copies | {"steps": np.array(self._steps, np.int64)}

    def load_state(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on from where :meth:`state` was taken, bit for bit.

        Raises
        ------
        ShapeError : an array is missing or does not fit.
        """
        for name, held in {**self._memory, "steps": np.zeros((), np.int64)}.items():
            given = state.get(name)
            if given is None or given.shape != held.shape or given.dtype != held.dtype:
                got = "nothing" if given is None else f"{given.dtype} of shape {given.shape}"
                raise ShapeError(
                    f"optimiser state {name!r} must be {held.dtype} of shape "
                    f"{held.shape}, got {got}"
                )
        for name, held in self._memory.items():
            held[...] = state[name]
        self._steps = int(state["steps"])


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
    options : as for :class:`Optimiser`, and the rule's own numbers.

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


def _parts(size: int, l2: float, penalised: Sequence[slice] | None) -> list[tuple[slice, float]]:
    """0..size in order, in pieces that the penalty is on or not."""
    if not l2 or penalised is None:
        return [(slice(0, size), l2)]
    parts, done = [], 0
    for part in penalised:
        parts += [(slice(done, part.start), 0.0), (part, l2)]
        done = part.stop
    parts.append((slice(done, size), 0.0))
    return [(part, weight) for part, weight in parts if part.start < part.stop]


def _check_shares(**numbers: float) -> None:
    for name, number in numbers.items():
        if not 0 <= number < 1:
            raise ConfigError(f"{name} must be at least 0 and below 1, got {number}")
