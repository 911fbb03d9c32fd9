"""Adam with a clipped global norm, over flat buffers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.backends.base import Backend
from lstm_music.backends.layers import AdamStep
from lstm_music.backends.registry import get_backend
from lstm_music.errors import ShapeError
from lstm_music.types import FloatArray


class Adam:
    """Adam, bias-corrected.

    Parameters
    ----------
    size : number of parameters.
    dtype : float32 or float64, that of parameters and gradients.
    beta1, beta2, epsilon : as in the paper.
    backend : what computes; None: the compiled one, on every core.

    References
    ----------
    Kingma & Ba (2015), "Adam: a method for stochastic optimization", algorithm 1; clipping:
    Pascanu, Mikolov & Bengio (2013), algorithm 1.
    """

    def __init__(
        self,
        size: int,
        *,
        dtype: npt.DTypeLike = "float32",
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        backend: Backend | None = None,
    ) -> None:
        self._m = np.zeros(size, dtype)
        self._v = np.zeros(size, dtype)
        self._steps = 0
        self._beta1, self._beta2, self._epsilon = beta1, beta2, epsilon
        self._backend = backend or get_backend()

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
            Euclidean norm of the gradient before clipping. If it is NaN or infinite nothing
            was changed: the caller decides what to do.

        Raises
        ------
        ShapeError : an array has the wrong shape, dtype or layout.
        """
        norm = self._backend.norm(grads)
        if not math.isfinite(norm):
            return norm
        t = self._steps + 1
        numbers = AdamStep(
            g_scale=min(1.0, max_norm / (norm + 1e-6)),  # as torch does it: never 0 / 0
            rate=learning_rate / (1 - self._beta1**t),
            v_scale=(1 - self._beta2**t) ** -0.5,
            beta1=self._beta1,
            beta2=self._beta2,
            epsilon=self._epsilon,
        )
        self._backend.adam(params, grads, self._m, self._v, numbers)
        self._steps = t
        return norm

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Copies of ``m`` (size,), ``v`` (size,) and ``steps`` () int64: all a resume needs."""
        return {"m": self._m.copy(), "v": self._v.copy(), "steps": np.array(self._steps, np.int64)}

    def load_state(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on from where :meth:`state` was taken.

        Raises
        ------
        ShapeError : an array is missing or does not fit.
        """
        for name, held in (("m", self._m), ("v", self._v), ("steps", np.zeros((), np.int64))):
            given = state.get(name)
            if given is None or given.shape != held.shape or given.dtype != held.dtype:
                got = "nothing" if given is None else f"{given.dtype} of shape {given.shape}"
                raise ShapeError(
                    f"optimiser state {name!r} must be {held.dtype} of shape "
                    f"{held.shape}, got {got}"
                )
        self._m[...] = state["m"]
        self._v[...] = state["v"]
        self._steps = int(state["steps"])
