"""A genetic algorithm: the better candidates have children, and every child is a little new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError
from lstm_music.evolution.search import Search, Tensor
from lstm_music.types import FloatArray, Params


class GeneticAlgorithm(Search):
    """Truncation selection, an elite, crossover and Gaussian mutation.

    Such et al. (2017), algorithm 1, with crossover: a child takes each group of its numbers
    from one of two parents (uniform crossover; Syswerda 1989). By default every number is a
    group; give the numbers of a unit together, and units pass on whole.

    Parameters
    ----------
    start, population, sigma, rng_seed : as of :class:`lstm_music.evolution.search.Search`. The
        first population is the start, and mutations of it.
    parents : share of the population that has children, in (0, 1].
    elite : so many of the best live on unchanged.
    crossover : chance that a child has two parents.
    groups : indices of the numbers that pass on together; they must cover 0..n-1 once.

    Raises
    ------
    ConfigError : a number is out of range.
    """

    name = "ga"
    default_population = 32
    default_sigma = 0.05

    def __init__(
        self,
        start: FloatArray,
        *,
        population: int | None = None,
        sigma: float | None = None,
        rng_seed: int = 0,
        parents: float = 0.25,
        elite: int = 1,
        crossover: float = 0.5,
        groups: list[npt.NDArray[np.int64]] | None = None,
    ) -> None:
        super().__init__(start, population=population, sigma=sigma, rng_seed=rng_seed)
        if not (0 < parents <= 1 and 0 <= crossover <= 1 and 0 <= elite < self.population):
            raise ConfigError(
                "ga needs 0 < parents <= 1, 0 <= crossover <= 1 and 0 <= elite < population, got "
                f"{parents}, {crossover}, {elite} of {self.population}"
            )
        self._group_of = _group_of(start.size, groups)
        self._n_parents = max(int(parents * self.population), 1)
        self._elite, self._crossover = elite, crossover
        self._people = np.repeat(start[None], self.population, axis=0)
        self._people[1:] += self._mutations(self._rng(), self.population - 1)

    def ask(self) -> FloatArray:
        """The population as it is, a copy."""
        return self._people.copy()

    def _learn(self, losses: npt.NDArray[np.float64]) -> None:
        order = np.argsort(losses, kind="stable")
        best = self._people[order]
        self.center[...] = best[0]
        rng = np.random.default_rng([self.rng_seed, self.generation + 1])
        n_children = self.population - self._elite
        mothers, fathers = rng.integers(self._n_parents, size=(2, n_children))
        fathers = np.where(rng.random(n_children) < self._crossover, fathers, mothers)
        from_father = rng.random((n_children, self._group_of.max() + 1)) < 0.5
        children = np.where(from_father[:, self._group_of], best[fathers], best[mothers])
        self._people[: self._elite] = best[: self._elite]
        self._people[self._elite :] = children + self._mutations(rng, n_children)

    def _mutations(self, rng: np.random.Generator, n: int) -> FloatArray:
        real = self.center.dtype.type
        return real(self.sigma) * rng.standard_normal((n, self.center.size), dtype=real)

    def _arrays(self) -> Params:
        return {"people": self._people.copy()}

    def _restore(self, tensor: Tensor, facts: Mapping[str, Any]) -> None:
        self._people[...] = tensor("people", self._people.shape)


def _group_of(n: int, groups: list[npt.NDArray[np.int64]] | None) -> npt.NDArray[np.int64]:
    """(n,) which group each number is in.

    Raises
    ------
    ConfigError : a number is in none, or in two.
    """
    if groups is None:
        return np.arange(n)
    check_groups(n, groups)
    group_of = np.empty(n, np.int64)
    for number, group in enumerate(groups):
        group_of[group] = number
    return group_of


def check_groups(n: int, groups: list[npt.NDArray[np.int64]]) -> None:
    """Refuse groups that do not share out 0..n-1.

    Raises
    ------
    ConfigError : a number is in none, or in two, or an empty group.
    """
    listed = np.sort(np.concatenate(groups)) if groups else np.empty(0, np.int64)
    if not np.array_equal(listed, np.arange(n)) or min(map(len, groups)) < 1:
        raise ConfigError(f"groups must share out the numbers 0..{n - 1}, each in one group")
