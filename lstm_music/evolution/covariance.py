"""CMA-ES by the `cma` package: the shape of the mutations is learnt as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError
from lstm_music.evolution.search import Search, Tensor
from lstm_music.types import FloatArray, Params

COVARIANCES = ("full", "diagonal")
MOST_FULL = 1000
"""Numbers that a full covariance is learnt for: it has n^2, and its update takes n^3 time."""


class CovarianceSearch(Search):
    """Covariance matrix adaptation: Hansen & Ostermeier (2001); Hansen (2016), arXiv:1604.00772.

    ``diagonal`` learns a size of mutation for each number and no correlation: separable CMA-ES
    (Ros & Hansen 2008), linear in n.

    Parameters
    ----------
    start, population, sigma, rng_seed : as of :class:`lstm_music.evolution.search.Search`;
        population None: 4 + 3 ln n, the method's own. Sigma is the first step size.
    covariance : ``full`` or ``diagonal``.

    Raises
    ------
    ConfigError : too many numbers for a full covariance, or `cma` is not installed.
    """

    name = "cma"
    default_population = 0
    default_sigma = 0.1
    least_population = 3

    def __init__(
        self,
        start: FloatArray,
        *,
        population: int | None = None,
        sigma: float | None = None,
        rng_seed: int = 0,
        covariance: str = "full",
    ) -> None:
        if covariance not in COVARIANCES:
            raise ConfigError(f"covariance must be full or diagonal, got {covariance!r}")
        if covariance == "full" and start.size > MOST_FULL:
            raise ConfigError(
                f"cma with a full covariance is for {MOST_FULL:,} parameters at most, got "
                f"{start.size:,}: make the network smaller, or take the diagonal one "
                "(--covariance diagonal)"
            )
        usual = 4 + int(3 * np.log(max(start.size, 1)))
        super().__init__(start, population=population or usual, sigma=sigma, rng_seed=rng_seed)
        self._covariance = covariance
        self._told: list[npt.NDArray[np.float64]] = []
        self._begin(start.astype(np.float64))

    def _begin(self, start: FloatArray) -> None:
        self._start = start
        self._draws = np.random.default_rng(self.rng_seed)
        self._strategy = _strategy(
            start, self.sigma, self.population, self._covariance == "diagonal", self._draws
        )
        self._asked: list[FloatArray] | None = None

    def ask(self) -> FloatArray:
        """Draws from the Gaussian as it is now."""
        if self._asked is None:
            self._asked = self._strategy.ask()
        return np.stack(self._asked).astype(self.center.dtype)

    def _learn(self, losses: npt.NDArray[np.float64]) -> None:
        self.ask()
        # cma wants finite losses: what has none is as bad as can be.
        self._strategy.tell(self._asked, np.minimum(losses, 1e300).tolist())
        self._asked = None
        self._told.append(losses)
        self.center[...] = self._strategy.mean

    def _arrays(self) -> Params:
        told = np.array(self._told, np.float64).reshape(-1, self.population)
        return {"start": self._start.copy(), "told": np.minimum(told, 1e300)}

    def _restore(self, tensor: Tensor, facts: Mapping[str, Any]) -> None:
        """What a strategy knows follows from its draws and the losses it was told: told again."""
        told = tensor("told", (self.generation, self.population))
        self._told = []
        self._begin(tensor("start", self._start.shape))
        for losses in told:
            self._learn(losses)


def _strategy(
    start: FloatArray, sigma: float, population: int, diagonal: bool, rng: np.random.Generator
) -> Any:
    try:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of packages that it would like to have
            import cma
    except ImportError as error:
        raise ConfigError(
            f"cma cannot be imported ({error}): pip install 'lstm_music[evolve]'"
        ) from None

    def draw(*shape: int) -> FloatArray:
        return rng.standard_normal(shape)

    options = {
        "popsize": population,
        "CMA_diagonal": diagonal,
        "randn": draw,
        "seed": float("nan"),  # NumPy's own random numbers stay as they are
        "verbose": -9,
        "verb_log": 0,
        "maxiter": float("inf"),
    }
    return cma.CMAEvolutionStrategy(start, sigma, options)
