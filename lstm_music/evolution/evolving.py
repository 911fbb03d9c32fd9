"""The searches in one call each: `lm.evolution.es`, `cma`, `ga`, `evolino`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_music.backends.base import Backend
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.evolution.closed_loop import free_run
from lstm_music.evolution.covariance import CovarianceSearch
from lstm_music.evolution.genetic import GeneticAlgorithm
from lstm_music.evolution.readout import Fit, pseudo_inverse, ridge
from lstm_music.evolution.run import Found, minimise
from lstm_music.evolution.series import SeriesFitness
from lstm_music.evolution.strategy import EvolutionStrategy
from lstm_music.evolution.subpopulations import SubPopulations
from lstm_music.evolution.support_vectors import support_vector_regression
from lstm_music.evolution.workers import Losses
from lstm_music.nn.sequence_net import SequenceNet
from lstm_music.types import FloatArray

_RUN = (
    "generations", "until", "on_generation", "on_note", "output", "resume", "force", "settings",
    "checkpoint_seconds", "executor", "jobs",
)  # fmt: skip


def es(losses_of: Losses, start: FloatArray, *, generations: int = 100, **options: Any) -> Found:
    """Minimise a loss by an evolution strategy.

    Parameters
    ----------
    losses_of : candidates (P, n) to losses (P,).
    start : (n,) float32 or float64.
    generations : how many at most.
    options : of :class:`lstm_music.evolution.strategy.EvolutionStrategy` and of
        :func:`lstm_music.evolution.run.minimise`.

    Raises
    ------
    ConfigError : a number is out of range.

    Examples
    --------
    >>> found = es(lambda x: np.square(x - 1).sum(axis=1), np.zeros(4), rng_seed=1)
    >>> found.loss < 0.01
    True
    """
    run, own = _split(options)
    return minimise(EvolutionStrategy(start, **own), losses_of, generations=generations, **run)


def cma(losses_of: Losses, start: FloatArray, *, generations: int = 100, **options: Any) -> Found:
    """Minimise a loss by CMA-ES (extra ``evolve``); parameters as of `es`.

    Raises
    ------
    ConfigError : a number is out of range, too many parameters for a full covariance, or the
        package `cma` is not installed.
    """
    run, own = _split(options)
    return minimise(CovarianceSearch(start, **own), losses_of, generations=generations, **run)


def ga(losses_of: Losses, start: FloatArray, *, generations: int = 100, **options: Any) -> Found:
    """Minimise a loss by a genetic algorithm; parameters as of `es`.

    Raises
    ------
    ConfigError : a number is out of range.
    """
    run, own = _split(options)
    return minimise(GeneticAlgorithm(start, **own), losses_of, generations=generations, **run)


@dataclass(frozen=True, slots=True)
class Evolved:
    """What `evolino` has made.

    Parameters
    ----------
    net : reads scaled values, its readout fitted.
    scale : what the series was multiplied by for it.
    found : of the search.
    """

    net: SequenceNet
    scale: float
    found: Found

    def go_on(self, series: FloatArray, steps: int) -> FloatArray:
        """What follows a series (N, D), in its own units: (steps, D), on the net's own answers.

        Raises
        ------
        ShapeError : the series has other columns than the one it was made for, or none.
        """
        if series.ndim != 2 or series.shape[1] != self.net.input_size or not len(series):
            raise ShapeError(
                f"expected a series (N, {self.net.input_size}), N at least 1, got {series.shape}"
            )
        heard = (series * self.scale).astype(self.net.dtype)
        answers, state, _ = self.net.forward(np.ascontiguousarray(heard[:, None]))
        rest, _ = free_run(self.net, answers[-1], state, steps - 1)
        return np.concatenate([answers[-1:], rest])[:, 0] / self.scale


def evolino(
    series: FloatArray,
    *,
    cell: str = "lstm",
    hidden_size: int = 20,
    washout: int = 100,
    starts: Sequence[int] | None = None,
    horizon: int | None = None,
    readout: str | Fit = "pinv",
    scale: float = 1.0,
    noise: float = 0.0,
    start_range: float = 0.5,
    generations: int = 50,
    rng_seed: int = 0,
    backend: Backend | None = None,
    **options: Any,
) -> Evolved:
    """Evolve a network that goes on with a series by itself.

    Schmidhuber, Wierstra, Gagliolo & Gomez (2007): the hidden weights are evolved by enforced
    sub-populations, the readout follows in closed form, and the fitness is the closed-loop error.

    Parameters
    ----------
    series : (N, D) float64, D numbers a step.
    cell : of the registry.
    hidden_size : H.
    washout, starts, horizon, noise : as of :class:`lstm_music.evolution.series.SeriesFitness`.
    readout : ``pinv``, ``ridge``, ``svm`` (extra ``evolve``), or a function as in
        :mod:`lstm_music.evolution.readout`.
    scale : the net sees the series times this. Small numbers leave the cells near linear.
    start_range : the first weights are uniform in ± this.
    generations : how many at most.
    rng_seed : 0 or more.
    backend : what computes; None: the compiled one.
    options : of :class:`lstm_music.evolution.subpopulations.SubPopulations` and of
        :func:`lstm_music.evolution.run.minimise`.

    Raises
    ------
    ConfigError : a number is out of range, or no such readout.
    ShapeError : the series is not (N, D).
    """
    if series.ndim != 2 or not np.isfinite(series).all():
        raise ShapeError(f"a series is (N, D) finite numbers, got {series.shape}")
    D = series.shape[1]
    net = SequenceNet(
        cell, input_size=D, hidden_sizes=(hidden_size,), output_size=D, dtype="float64",
        rng_seed=rng_seed, backend=backend,
    )  # fmt: skip
    fitness = SeriesFitness(
        net, series * scale, washout=washout, starts=starts, horizon=horizon,
        fit=_readout(readout), noise=noise * scale,
    )  # fmt: skip
    run, own = _split(options)
    search = SubPopulations(
        np.zeros(fitness.size), groups=fitness.groups, spread=start_range, rng_seed=rng_seed, **own
    )
    found = minimise(search, fitness, generations=generations, **run)
    return Evolved(fitness.trained(found.params), scale, found)


def _readout(name: str | Fit) -> Fit:
    if not isinstance(name, str):
        return name
    makers: dict[str, Callable[[], Fit]] = {
        "pinv": lambda: pseudo_inverse,
        "ridge": ridge,
        "svm": support_vector_regression,
    }
    if name not in makers:
        raise ConfigError(f"readout must be one of {', '.join(makers)}, got {name!r}")
    return makers[name]()


def _split(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of the run, and those of the search."""
    run = {name: value for name, value in options.items() if name in _RUN}
    return run, {name: value for name, value in options.items() if name not in _RUN}
