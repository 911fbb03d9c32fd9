"""Closed-form readouts: what a network says, fitted to what its units do, in one step.

F features, O outputs, N steps. A readout is ``Phi V^T + a``; nothing is learnt by descent.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lstm_music.errors import ConfigError
from lstm_music.types import FloatArray

Fit = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""Features (N, F) and targets (N, O) to weights V (O, F) and biases a (O,)."""


def pseudo_inverse(features: FloatArray, targets: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The least-squares readout by the Moore-Penrose pseudo-inverse (Penrose 1955).

    Schmidhuber, Wierstra, Gagliolo & Gomez (2007), section 2.3. Directions in which the features
    do not move, to the precision of the numbers, get no weight.

    Parameters
    ----------
    features : (N, F)
    targets : (N, O)

    Returns
    -------
    V : (O, F)
    a : (O,)

    Examples
    --------
    >>> phi = np.array([[0.0], [1.0], [2.0]])
    >>> V, a = pseudo_inverse(phi, 3 * phi + 1)
    >>> V.round(6).tolist(), a.round(6).tolist()
    ([[3.0]], [1.0])
    """
    wide = _with_one(features)
    solved = np.linalg.lstsq(wide, targets.astype(wide.dtype), rcond=None)[0]
    return _split(solved, features)


def ridge(penalty: float = 1e-6) -> Fit:
    """Least squares with a penalty ``penalty · |V|^2`` a step (Hoerl & Kennard 1970).

    Parameters
    ----------
    penalty : above 0, in units of the features' mean square; the bias has none.

    Raises
    ------
    ConfigError : it is not.
    """
    if not 0 < penalty < np.inf:
        raise ConfigError(f"the penalty of a ridge readout must be above 0, got {penalty}")

    def fit(features: FloatArray, targets: FloatArray) -> tuple[FloatArray, FloatArray]:
        mean_f, mean_t = features.mean(axis=0, dtype=float), targets.mean(axis=0, dtype=float)
        centred = features - mean_f
        gram = centred.T @ centred / len(features)
        scale = max(float(np.trace(gram)) / len(gram), np.finfo(float).tiny)
        gram[np.diag_indices_from(gram)] += penalty * scale
        V = np.linalg.solve(gram, centred.T @ (targets - mean_t) / len(features)).T
        return V.astype(features.dtype), (mean_t - V @ mean_f).astype(features.dtype)

    return fit


def _with_one(features: FloatArray) -> FloatArray:
    wide = np.ones((len(features), features.shape[1] + 1), features.dtype)
    wide[:, :-1] = features
    return wide


def _split(solved: FloatArray, features: FloatArray) -> tuple[FloatArray, FloatArray]:
    V = np.ascontiguousarray(solved[:-1].T).astype(features.dtype)
    return V, solved[-1].astype(features.dtype)
