"""Enforced sub-populations: each unit of a network has a population of its own."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError
from lstm_music.evolution.genetic import check_groups
from lstm_music.evolution.search import Search, Tensor, cauchy
from lstm_music.types import FloatArray, Params


class SubPopulations(Search):
    """ESP with Cauchy mutation and burst mutation, the search of Evolino.

    Gomez & Miikkulainen (1997, 1999); Schmidhuber, Wierstra, Gagliolo & Gomez (2007), section
    2.2. A chromosome is all that one unit has: its rows of W, U and b. Networks are put together
    from a random chromosome of every sub-population; a chromosome is as good as the networks that
    it took part in, on average. In each sub-population the best quarter mates, and its children,
    mutated by Cauchy noise, replace the worse half. When no better network has come for
    ``patience`` generations, a burst: every sub-population is made anew, from the unit of the best
    network and Cauchy noise around it.

    Parameters
    ----------
    start : (n,) the first network.
    population : networks put together in a generation: ``trials`` times the size of each
        sub-population.
    sigma : scale of the Cauchy noise.
    rng_seed : 0 or more.
    groups : indices of the numbers of each unit; they share out 0..n-1.
    spread : the first chromosomes are the start plus uniform noise in ±spread.
    trials : networks in which each chromosome takes part in a generation.
    mutation : chance that a number of a child is mutated.
    patience : generations without a better network before a burst.

    Attributes
    ----------
    best_loss : of the best network so far, `center`.
    bursts : how many there were.

    Raises
    ------
    ConfigError : a number is out of range.
    """

    name = "esp"
    default_population = 40
    default_sigma = 0.05
    least_population = 8

    def __init__(
        self,
        start: FloatArray,
        *,
        groups: list[npt.NDArray[np.int64]],
        population: int | None = None,
        sigma: float | None = None,
        rng_seed: int = 0,
        spread: float = 0.3,
        trials: int = 1,
        mutation: float = 0.3,
        patience: int = 10,
    ) -> None:
        super().__init__(start, population=population, sigma=sigma, rng_seed=rng_seed)
        check_groups(start.size, groups)
        if trials < 1 or self.population % trials or self.population // trials < 8:
            raise ConfigError(
                "esp needs sub-populations of 8 chromosomes or more: its population must be "
                f"trials times 8 or more, got {self.population} and {trials} trials"
            )
        if not (0 < mutation <= 1 and spread >= 0 and patience >= 1):
            raise ConfigError(
                "esp needs 0 < mutation <= 1, spread of 0 or more and patience of 1 or more, got "
                f"{mutation}, {spread}, {patience}"
            )
        self._groups, self._trials = groups, trials
        self._mutation, self._patience = mutation, patience
        self.best_loss, self.bursts, self._stagnant = np.inf, 0, 0
        noise = self._rng().uniform(-spread, spread, (self._size, start.size))
        noise[0] = 0
        # Row i holds the i-th chromosome of every sub-population, side by side.
        self._pool: FloatArray = (start + noise).astype(start.dtype)

    @property
    def _size(self) -> int:
        """Chromosomes of a sub-population."""
        return self.population // self._trials

    def ask(self) -> FloatArray:
        """Networks of one chromosome from every sub-population, each in ``trials`` of them."""
        networks = np.empty((self.population, self.center.size), self.center.dtype)
        for group, who in zip(self._groups, self._teams()):
            networks[:, group] = self._pool[who][:, group]
        return networks

    def _teams(self) -> npt.NDArray[np.int64]:
        """(groups, P): which chromosome of each sub-population is in which network."""
        rng = self._rng()
        draws = [
            np.concatenate([rng.permutation(self._size) for _ in range(self._trials)])
            for _ in self._groups
        ]
        return np.stack(draws)

    def _learn(self, losses: npt.NDArray[np.float64]) -> None:
        best = int(np.argmin(losses))
        is_better = bool(losses[best] < self.best_loss)
        networks, teams = self.ask(), self._teams()
        if is_better:
            self.center[...], self.best_loss = networks[best], float(losses[best])
        self._stagnant = 0 if is_better else self._stagnant + 1
        rng = np.random.default_rng([self.rng_seed, self.generation, 1])
        if self._stagnant >= self._patience:
            self._burst(rng)
            return
        # The rank, not the loss: one network that blows up is no verdict on all of its units.
        ranks = np.argsort(np.argsort(losses, kind="stable"), kind="stable").astype(np.float64)
        for group, who in zip(self._groups, teams):
            mean = np.bincount(who, ranks, self._size) / np.bincount(who, minlength=self._size)
            self._breed(rng, group, np.argsort(mean, kind="stable"))

    def _breed(
        self, rng: np.random.Generator, group: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
    ) -> None:
        """Children of the best quarter of a sub-population in place of its worse half."""
        parents, losers = order[: max(self._size // 4, 2)], order[self._size - self._size // 2 :]
        pairs = parents[rng.integers(len(parents), size=(2, len(losers)))]
        cut = rng.integers(1, len(group) + 1, size=(len(losers), 1))
        mothers, fathers = (self._pool[side][:, group] for side in pairs)
        children = np.where(np.arange(len(group)) < cut, mothers, fathers)
        noise = cauchy(rng, children.shape, self.sigma)
        children = children + noise * (rng.random(children.shape) < self._mutation)
        self._pool[losers[:, None], group] = children

    def _burst(self, rng: np.random.Generator) -> None:
        noise = cauchy(rng, self._pool.shape, self.sigma)
        noise[0] = 0
        self._pool[...] = self.center + noise
        self._stagnant = 0
        self.bursts += 1

    def _arrays(self) -> Params:
        return {"pool": self._pool.copy()}

    def _facts(self) -> dict[str, Any]:
        best = None if np.isinf(self.best_loss) else self.best_loss
        return {"best": best, "bursts": self.bursts, "stagnant": self._stagnant}

    def _restore(self, tensor: Tensor, facts: Mapping[str, Any]) -> None:
        self._pool[...] = tensor("pool", self._pool.shape)
        best = facts["best"]
        self.best_loss = np.inf if best is None else float(best)
        self.bursts, self._stagnant = index(facts["bursts"]), index(facts["stagnant"])


def unit_groups(layers: list[Params], first: int = 0) -> list[npt.NDArray[np.int64]]:
    """Where in a flat vector the numbers of each recurrent unit lie.

    Parameters
    ----------
    layers : the parameters of each layer, as they lie in the vector one after the other; the
        name ``p`` has a column a unit, the others rows, those of a gate side by side.
    first : where the first of them lies.

    Returns
    -------
    groups : the rows of W, U and b that a unit has, and its column of p. Where some units share a
        row, as in ``block``, it goes to one of them.
    """
    groups = []
    for params in layers:
        H = params["p"].shape[1] if "p" in params else _units(params)
        owners = []
        for name, array in params.items():
            if name == "p":
                owner = np.broadcast_to(np.arange(H), array.shape)
            else:
                rows = np.arange(len(array))
                of_row = rows % H if len(array) % H == 0 else rows * H // max(len(array), 1)
                owner = np.broadcast_to(of_row.reshape(-1, *[1] * (array.ndim - 1)), array.shape)
            owners.append(owner.ravel())
        whose: npt.NDArray[np.int64] = np.concatenate(owners)
        groups += [first + np.flatnonzero(whose == unit) for unit in range(H)]
        first += len(whose)
    return [group for group in groups if len(group)]


def _units(params: Params) -> int:
    """Columns of U: a unit each, or a tap of a convolution."""
    return int(params["U"].shape[1])
