"""What every search without gradients has in common: ask for candidates, tell their losses.

>>> import numpy as np
>>> from lstm_music.evolution.genetic import GeneticAlgorithm
>>> search = GeneticAlgorithm(np.zeros(3), population=8, rng_seed=1)
>>> candidates = search.ask()
>>> candidates.shape
(8, 3)
>>> search.tell(np.square(candidates - 1).sum(axis=1))
>>> search.generation
1
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from operator import index
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError, ModelFileError, ShapeError
from lstm_music.types import FloatArray, Params

Tensor = Callable[[str, tuple[int, ...]], FloatArray]
"""Gives the array of a name and shape, as a checkpoint does."""


class Search:
    """A search over vectors of n numbers; the lower the loss the better.

    All that is random in a generation follows from the seed and the generation's number, so that
    a search that goes on from a checkpoint draws what it would have drawn.

    Parameters
    ----------
    start : (n,) float32 or float64, where the search begins; copied.
    population : P, candidates of a generation; None: the method's own.
    sigma : size of a mutation in units of a parameter; None: the method's own.
    rng_seed : 0 or more.

    Attributes
    ----------
    center : (n,) the search's own answer so far: its mean, or the best of its population.
    generation : how many are finished.

    Raises
    ------
    ConfigError : a number is out of range.
    ShapeError : ``start`` is no vector of real numbers.
    """

    name: ClassVar[str]
    default_population: ClassVar[int]
    default_sigma: ClassVar[float]
    least_population: ClassVar[int] = 2

    def __init__(
        self,
        start: FloatArray,
        *,
        population: int | None = None,
        sigma: float | None = None,
        rng_seed: int = 0,
    ) -> None:
        if start.ndim != 1 or not start.size or start.dtype not in (np.float32, np.float64):
            raise ShapeError(
                f"start must be (n,) of float32 or float64, got {start.dtype} of {start.shape}"
            )
        self.population = self.default_population if population is None else population
        self.sigma = self.default_sigma if sigma is None else sigma
        if self.population < self.least_population:
            raise ConfigError(
                f"{self.name} needs a population of {self.least_population} or more, "
                f"got {self.population}"
            )
        if not 0 < self.sigma < math.inf:
            raise ConfigError(f"sigma must be above 0, got {self.sigma}")
        if rng_seed < 0:
            raise ConfigError(f"rng_seed must be 0 or more, got {rng_seed}")
        self.center: FloatArray = start.copy()
        self.generation = 0
        self.rng_seed = rng_seed

    def ask(self) -> FloatArray:
        """The candidates of this generation, (P, n); the same until `tell`."""
        raise NotImplementedError

    def tell(self, losses: npt.NDArray[np.floating[Any]]) -> None:
        """Learn from the losses (P,) of what `ask` gave; NaN counts as the worst.

        Raises
        ------
        ShapeError : there is not one loss a candidate.
        """
        if losses.shape != (self.population,):
            raise ShapeError(f"expected losses ({self.population},), got {losses.shape}")
        self._learn(np.where(np.isnan(losses), np.inf, losses).astype(np.float64))
        self.generation += 1

    def state(self) -> tuple[Params, dict[str, Any]]:
        """All that a resume needs between two generations: arrays, and JSON values."""
        return {"center": self.center.copy()} | self._arrays(), {
            "generation": self.generation
        } | self._facts()

    def restore(self, tensor: Tensor, facts: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken, bit for bit.

        Raises
        ------
        ModelFileError : something is missing or does not fit.
        """
        try:
            self.generation = index(facts["generation"])
            self.center[...] = tensor("center", self.center.shape)
            self._restore(tensor, facts)
        except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise ModelFileError(f"damaged: the search's state does not fit ({error!r})") from None

    def _rng(self) -> np.random.Generator:
        """What draws this generation."""
        return np.random.default_rng([self.rng_seed, self.generation])

    def _learn(self, losses: npt.NDArray[np.float64]) -> None:
        raise NotImplementedError

    def _arrays(self) -> Params:
        return {}

    def _facts(self) -> dict[str, Any]:
        return {}

    def _restore(self, tensor: Tensor, facts: Mapping[str, Any]) -> None:
        pass


def cauchy(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> FloatArray:
    """Cauchy-distributed numbers: most are small, a few are very large.

    Gomez & Miikkulainen (1997) mutate with them, so that a search can leave a local optimum.
    """
    return scale * rng.standard_cauchy(shape)
