"""Can a classifier tell two sets of pieces apart? Areas under the curve, cross-validated.

The area (AUC) is the chance that of a piece of each set the right one gets the higher score: 0.5 is
guessing, 1 is certainty. Pieces are scored by a classifier that was fitted without them, and only
scores of one classifier are compared: those of different ones need not be on one scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError

FOLDS = 5
REPEATS = 3
"""How often the folds are drawn anew."""

_RESAMPLES = 300
_SCALES = np.geomspace(1 / 4, 4, 33)

_Table = npt.NDArray[np.float64]
_Pair = tuple[_Table, _Table]


@dataclass(frozen=True, slots=True)
class Auc:
    """An area under the curve, 0..1, with the ends of its 95 % interval."""

    auc: float
    low: float
    high: float


def check_scikit_learn() -> None:
    """Fail before the work.

    Raises
    ------
    ConfigError : scikit-learn is not installed.
    """
    _classifiers()


def tell_apart(a: _Table, b: _Table, rng: np.random.Generator) -> dict[str, Auc]:
    """How well each judge tells the rows of ``a`` from those of ``b``.

    Parameters
    ----------
    a, b : (N, F) and (M, F) features, NaN where unknown; `FOLDS` rows or more each.

    Returns
    -------
    found : "logistic regression" and "boosted trees". The interval is that of pieces drawn anew
        (bootstrap over pieces, with `REPEATS` draws of the folds).

    Raises
    ------
    ConfigError : scikit-learn is not installed.
    """
    return _judged([(a, b)] * REPEATS, rng)


def tell_halves_apart(table: _Table, rng: np.random.Generator) -> dict[str, Auc]:
    """`tell_apart` of two halves of (N, F) features, drawn at random `REPEATS` times."""
    pairs = []
    for _ in range(REPEATS):
        order = rng.permutation(len(table))
        pairs.append((table[order[::2]], table[order[1::2]]))
    return _judged(pairs, rng)


def single_auc(a: _Table, b: _Table) -> float | None:
    """AUC of one feature alone, (N,) against (M,), NaN left out; over 0.5 if ``a`` is higher."""
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    return float(_wins(a, b).mean()) if len(a) and len(b) else None


def _judged(pairs: Sequence[_Pair], rng: np.random.Generator) -> dict[str, Auc]:
    return {name: _auc(make, pairs, rng) for name, make in _classifiers().items()}


def logistic_regression() -> Any:
    """An unfitted one.

    Raises
    ------
    ConfigError : scikit-learn is not installed.
    """
    return _classifiers()["logistic regression"](0)


def calibration(
    table: _Table, labels: npt.NDArray[np.int64], weights: npt.NDArray[np.float64]
) -> float:
    """What the logits of a `logistic_regression` are to be multiplied by to be log odds.

    The penalty that keeps it from overfitting also makes its logits too small. The scale, 1/4 to
    4, is the one with the least log loss on rows that were left out of the fit (after Platt 1999).

    Parameters
    ----------
    table : (N, F) features, in random order.
    labels : (N,) 0 or 1.
    weights : (N,) of the rows, positive.

    Returns
    -------
    scale : 1 where a fold would be without one of the labels.
    """
    left_out = np.empty(len(table), np.int64)
    for label in (0, 1):  # as many of each in every fold
        rows = labels == label
        left_out[rows] = np.arange(rows.sum()) % FOLDS
    logits = np.zeros(len(table))
    for fold in range(FOLDS):
        fit = left_out != fold
        if len(np.unique(labels[fit])) < 2:
            return 1.0
        found = logistic_regression().fit(
            table[fit], labels[fit], sample_weight=weights[fit] / weights[fit].mean()
        )
        logits[~fit] = found.decision_function(table[~fit])
    signed = np.where(labels == 1, logits, -logits)
    losses = [np.sum(weights * np.logaddexp(0, -scale * signed)) for scale in _SCALES]
    return float(_SCALES[int(np.argmin(losses))])


def _classifiers() -> dict[str, Callable[[int], Any]]:
    """Judge -> what makes it from a random number."""
    try:
        from sklearn.ensemble import GradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise ConfigError(
            f"scikit-learn cannot be imported ({error}): pip install 'lstm_music[judge]'"
        ) from None

    def linear(_random: int) -> Any:
        return LogisticRegression(C=0.1, solver="newton-cholesky")

    def trees(random: int) -> Any:
        return GradientBoostingClassifier(
            n_estimators=100, max_depth=2, subsample=0.7, max_features="sqrt", random_state=random
        )

    return {"logistic regression": linear, "boosted trees": trees}


def _auc(make: Callable[[int], Any], pairs: Sequence[_Pair], rng: np.random.Generator) -> Auc:
    """Mean over the draws, and the quantiles of the draws' bootstraps together."""
    values, resampled = [], []
    for a, b in pairs:
        folds = [_dealt(len(a), rng), _dealt(len(b), rng)]
        wins = _Wins(a, b, folds, make, rng)
        values.append(wins.auc(np.ones(len(a)), np.ones(len(b))))
        for _ in range(_RESAMPLES):
            drawn = [rng.multinomial(n, np.full(n, 1 / n)).astype(float) for n in (len(a), len(b))]
            resampled.append(wins.auc(*drawn))
    low, high = np.quantile([value for value in resampled if value is not None], [0.025, 0.975])
    return Auc(float(np.mean([value for value in values if value is not None])), low, high)


def _dealt(n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """A fold for each of ``n`` pieces, (n,) 0..FOLDS-1, as even as can be."""
    return rng.permutation(n) % FOLDS


class _Wins:
    """Which pieces of one set get a higher score than which of the other, fold by fold."""

    def __init__(
        self,
        a: _Table,
        b: _Table,
        folds: Sequence[npt.NDArray[np.int64]],
        make: Callable[[int], Any],
        rng: np.random.Generator,
    ) -> None:
        self._of_fold = []
        for fold in range(FOLDS):
            in_a, in_b = (dealt == fold for dealt in folds)
            judge = _Fitted(a[~in_a], b[~in_b], make(int(rng.integers(1 << 31))))
            wins = _wins(judge.scores(a[in_a]), judge.scores(b[in_b]))
            self._of_fold.append((in_a, in_b, wins))

    def auc(self, weights_a: _Table, weights_b: _Table) -> float | None:
        """AUC of pieces that count so many times; None where no fold has both."""
        won = pairs = 0.0
        for in_a, in_b, wins in self._of_fold:
            mine, theirs = weights_a[in_a], weights_b[in_b]
            won += float(mine @ wins @ theirs)
            pairs += float(mine.sum() * theirs.sum())
        return won / pairs if pairs else None


def _wins(a: _Table, b: _Table) -> _Table:
    """(N, M): 1 where a's score is higher than b's, 0.5 where they are equal."""
    return np.asarray((a[:, None] > b) + 0.5 * (a[:, None] == b), float)


class _Fitted:
    """A classifier fitted to two sets, each of which weighs as much as the other."""

    def __init__(self, a: _Table, b: _Table, classifier: Any) -> None:
        both = np.concatenate([a, b])
        unknown = np.isnan(both)
        counts = np.maximum((~unknown).sum(axis=0), 1)
        self._mean = np.where(unknown, 0, both).sum(axis=0) / counts
        spread = np.where(unknown, 0, both - self._mean)
        deviation = np.sqrt((spread**2).sum(axis=0) / counts)
        self._scale = np.where(deviation > 1e-9 * np.abs(self._mean), deviation, np.inf)
        classes = np.repeat([1, 0], [len(a), len(b)])
        weights = np.repeat([len(both) / (2 * len(a)), len(both) / (2 * len(b))], [len(a), len(b)])
        self._classifier = classifier.fit(self._standard(both), classes, sample_weight=weights)

    def scores(self, table: _Table) -> _Table:
        """(N,) higher where a row looks more like the first set."""
        return np.asarray(self._classifier.decision_function(self._standard(table)), float)

    def _standard(self, table: _Table) -> _Table:
        """In standard deviations from the mean of what the classifier was fitted to; unknown: 0."""
        scaled = (table - self._mean) / self._scale
        return np.where(np.isnan(scaled), 0, scaled)
