"""Evolution strategies: the gradient of a smoothed loss, from random directions alone."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.backends.base import Backend
from lstm_music.errors import ConfigError
from lstm_music.evolution.search import Search, Tensor
from lstm_music.nn.optim import make_optimiser
from lstm_music.types import FloatArray, Params


class EvolutionStrategy(Search):
    """Antithetic noise, centred ranks, and an optimiser that follows the estimated gradient.

    Salimans, Ho, Chen, Sidor & Sutskever (2017), algorithm 1 and section 2.1: every direction is
    tried both ways (mirrored sampling), and losses count by their rank, in -1/2..1/2, so that one
    wild candidate cannot lead the search astray.

    Parameters
    ----------
    start, population, sigma, rng_seed : as of :class:`lstm_music.evolution.search.Search`; the
        population is even.
    learning_rate : of the optimiser.
    optimiser : ``adam``, ``sgd``, ``rmsprop`` or ``rprop``.
    l2 : weight of the penalty ``l2/2 |w|^2``.
    backend : what computes the update; None: the compiled one.

    Raises
    ------
    ConfigError : a number is out of range.
    """

    name = "es"
    default_population = 32
    default_sigma = 0.05

    def __init__(
        self,
        start: FloatArray,
        *,
        population: int | None = None,
        sigma: float | None = None,
        rng_seed: int = 0,
        learning_rate: float = 0.02,
        optimiser: str = "adam",
        l2: float = 0.0,
        backend: Backend | None = None,
    ) -> None:
        super().__init__(start, population=population, sigma=sigma, rng_seed=rng_seed)
        if self.population % 2:
            raise ConfigError(
                f"es tries every direction both ways: its population must be even, got "
                f"{self.population}"
            )
        if not 0 < learning_rate < np.inf:
            raise ConfigError(f"learning_rate must be above 0, got {learning_rate}")
        self.learning_rate = learning_rate
        options: dict[str, Any] = {} if backend is None else {"backend": backend}
        self._optimiser = make_optimiser(optimiser, start.size, dtype=start.dtype, l2=l2, **options)

    def ask(self) -> FloatArray:
        """Pairs on either side of the centre: first all of one side, then all of the other."""
        noise = self._noise()
        noise *= self.sigma
        candidates = np.empty((self.population, self.center.size), self.center.dtype)
        half = self.population // 2
        np.add(self.center, noise, out=candidates[:half])
        np.subtract(self.center, noise, out=candidates[half:])
        return candidates

    def _noise(self) -> FloatArray:
        shape = (self.population // 2, self.center.size)
        return self._rng().standard_normal(shape, dtype=self.center.dtype.type)

    def _learn(self, losses: npt.NDArray[np.float64]) -> None:
        half = self.population // 2
        shaped = centred_ranks(losses)
        pull = (shaped[:half] - shaped[half:]).astype(self.center.dtype)
        gradient = pull @ self._noise() / self.center.dtype.type(self.population * self.sigma)
        self._optimiser.step(self.center, gradient, self.learning_rate)

    def _arrays(self) -> Params:
        memory = self._optimiser.state()
        return {f"optimiser.{name}": a for name, a in memory.items() if name != "steps"}

    def _facts(self) -> dict[str, Any]:
        return {"optimiser_steps": int(self._optimiser.state()["steps"])}

    def _restore(self, tensor: Tensor, facts: Mapping[str, Any]) -> None:
        names = [name for name in self._optimiser.state() if name != "steps"]
        memory = {name: tensor(f"optimiser.{name}", self.center.shape) for name in names}
        steps = np.array(index(facts["optimiser_steps"]), np.int64)
        self._optimiser.load_state({**memory, "steps": steps})


def centred_ranks(losses: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Losses (P,) by their rank: -1/2 for the lowest, 1/2 for the highest, equal ones alike.

    Examples
    --------
    >>> centred_ranks(np.array([3.0, 9.0, 1.0])).tolist()
    [0.0, 0.5, -0.5]
    """
    _, which, counts = np.unique(losses, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts + 1) / 2)[which]
    return np.asarray(ranks / (len(losses) - 1) - 0.5)
