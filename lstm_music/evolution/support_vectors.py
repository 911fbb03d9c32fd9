"""Support-vector readouts, by scikit-learn.

Schmidhuber, Gagliolo, Wierstra & Gomez (2005), "Evolino for recurrent support vector machines":
the features of an evolved network go to a support-vector machine. Its kernel is linear here, so
that the readout is still one matrix and may be fed back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_music.errors import ConfigError
from lstm_music.evolution.readout import Fit
from lstm_music.types import FloatArray


def support_vector_regression(cost: float = 100.0, tube: float = 1e-3) -> Fit:
    """A readout that leaves errors within a tube unpunished, and others by their size.

    Parameters
    ----------
    cost : C, weight of an error against that of large weights; above 0.
    tube : epsilon, errors up to this size cost nothing, in deviations of a target; 0 or more.

    Raises
    ------
    ConfigError : scikit-learn is not installed, or a number is out of range.
    """
    svm = _svm()
    if not (0 < cost < np.inf and 0 <= tube < np.inf):
        raise ConfigError(f"cost must be above 0 and the tube 0 or more, got {cost} and {tube}")

    def fit(features: FloatArray, targets: FloatArray) -> tuple[FloatArray, FloatArray]:
        scaled, mean, spread = _scaled(features)
        asked, middle, unit = _scaled(targets)
        found: list[tuple[FloatArray, float]] = []
        for target in asked.T:
            machine = svm.LinearSVR(
                C=cost, epsilon=tube, loss="squared_epsilon_insensitive", dual=False, max_iter=5000
            ).fit(scaled, target)
            found.append((machine.coef_.ravel(), float(machine.intercept_[0])))
        V, a = _unscaled(found, mean, spread, features)
        return V * unit[:, None].astype(V.dtype), (a * unit + middle).astype(V.dtype)

    return fit


def support_vector_classes(cost: float = 1.0) -> Fit:
    """A readout that keeps each class a margin away from the others, one against the rest.

    Targets are one-hot; the answers are distances from each class's plane, not probabilities.

    Parameters
    ----------
    cost : C, weight of an error against that of large weights; above 0.

    Raises
    ------
    ConfigError : scikit-learn is not installed, or a number is out of range.
    """
    svm = _svm()
    if not 0 < cost < np.inf:
        raise ConfigError(f"cost must be above 0, got {cost}")

    def fit(features: FloatArray, targets: FloatArray) -> tuple[FloatArray, FloatArray]:
        scaled, mean, spread = _scaled(features)
        found: list[tuple[FloatArray, float]] = []
        for target in (targets > 0.5).T:
            if target.all() or not target.any():  # a class that is always or never there
                found.append((np.zeros(scaled.shape[1]), 1.0 if target.all() else -1.0))
                continue
            machine = svm.LinearSVC(C=cost, dual=False, max_iter=5000).fit(scaled, target)
            found.append((machine.coef_.ravel(), float(machine.intercept_[0])))
        return _unscaled(found, mean, spread, features)

    return fit


def _svm() -> Any:
    try:
        from sklearn import svm
    except ImportError as error:
        raise ConfigError(
            f"scikit-learn cannot be imported ({error}): pip install 'lstm_music[evolve]'"
        ) from None
    return svm


def _scaled(features: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Features of mean 0 and deviation 1, for which one cost fits all; the means, the spreads."""
    mean = features.mean(axis=0, dtype=np.float64)
    spread = np.maximum(features.std(axis=0, dtype=np.float64), 1e-12)
    return (features - mean) / spread, mean, spread


def _unscaled(
    found: list[tuple[FloatArray, float]], mean: FloatArray, spread: FloatArray, like: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """V (O, F) and a (O,) of readouts of scaled features."""
    V = np.stack([weights / spread for weights, _ in found])
    a = np.array([bias for _, bias in found]) - V @ mean
    return V.astype(like.dtype), a.astype(like.dtype)
