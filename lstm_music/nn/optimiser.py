"""What every optimiser has in common: clipping, the look at NaN, the penalty, a state to save."""

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
        full = self.backend.xp.full
        self._memory = {name: full(self.size, x, real) for name, x in self.memory}
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
        get = self.backend.to_host
        copies: dict[str, npt.NDArray[Any]] = {n: get(a).copy() for n, a in self._memory.items()}
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
            held[...] = self.backend.to_device(state[name])
        self._steps = int(state["steps"])


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
