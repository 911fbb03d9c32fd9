"""What the tasks of Evolino share: a network evolved for a series, and its error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lstm_music.backends.registry import get_backend
from lstm_music.evolution.evolving import Evolved, evolino
from lstm_music.reproduce.curve import Curve, curve_of
from lstm_music.types import FloatArray

EVOLINO = "Schmidhuber, Wierstra, Gagliolo & Gomez (2007), Neural Computation 19(3)"


def evolved(
    series: FloatArray,
    *,
    cell: str,
    hidden_size: int,
    scale: float,
    start_range: float,
    generations: int,
    population: int,
    rng_seed: int,
    told: Callable[[str], None],
    sigma: float = 0.02,
    patience: int = 10,
    starts: tuple[int, ...] | None = None,
    horizon: int | None = None,
) -> tuple[Evolved, Curve]:
    """A network evolved for a series (N, 1), and how its closed-loop error fell.

    Tells a line of progress every tenth generation.
    """
    errors: list[float] = []

    def tell(step: int, best_loss: float) -> None:
        errors.append(best_loss)
        if step % 10 == 0 or step == generations:
            told(f"generation {step}, closed-loop error {best_loss:.2e}")

    found = evolino(
        series,
        cell=cell,
        hidden_size=hidden_size,
        starts=starts,
        horizon=horizon,
        scale=scale,
        start_range=start_range,
        sigma=sigma,
        patience=patience,
        generations=generations,
        population=population,
        rng_seed=rng_seed,
        backend=get_backend("cpu", n_threads=1),
        on_generation=lambda now: tell(now.step, now.best_loss),
    )
    return found, curve_of(errors, across="generations", up="closed-loop error")


def nrmse(run: FloatArray, wanted: FloatArray, deviation: float) -> float:
    """Root mean squared error in deviations of the series."""
    return float(np.sqrt(np.square(run - wanted).mean()) / deviation)
