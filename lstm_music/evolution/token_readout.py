"""A softmax head in closed form: ridge regression onto one-hot tokens, read as probabilities.

The ridge readout of token v, ``p_v (1 + w_v (h - m))``, estimates how likely v is after features
h: p_v is the token's share, m the mean of h. To first order its logarithm is
``log p_v + w_v (h - m)``, and that is a softmax head. (The weights point where those of a linear
discriminant do: Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning", exercise
4.2.) One number is left, how steep the head is; it is the best of a few on the same tokens.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.evolution.support_vectors import support_vector_classes
from lstm_music.types import FloatArray

PENALTY = 1e-3
"""Of the ridge, in units of the features' mean square."""

RARE = 2.0
"""Sightings added to each token: what is seen once says little of where it comes next."""

_STEEPNESS = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
_MOST_STEEP_PLACES = 300
_MOST_SVM_TOKENS = 4000

Head = tuple[FloatArray, FloatArray]
"""W (V, H) and b (V,) of a softmax."""


def ridge_head(features: FloatArray, tokens: npt.NDArray[np.integer], V: int) -> Head:
    """The head of features (N, H) and the tokens (N,) that follow them, of V tokens.

    Examples
    --------
    >>> features = np.array([[1.0], [1.0], [-1.0], [-1.0]])
    >>> W, b = ridge_head(features, np.array([0, 0, 1, 1]), 2)
    >>> (features @ W.T + b).argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """
    N, H = features.shape
    wide = features.astype(np.float64)
    mean = wide.mean(axis=0)
    wide -= mean
    gram = wide.T @ wide / N
    scale = max(float(np.trace(gram)) / H, np.finfo(np.float64).tiny)
    gram[np.diag_indices(H)] += PENALTY * scale
    counts = np.bincount(tokens, minlength=V)
    sums = np.stack([np.bincount(tokens, column, V) for column in wide.T], axis=1)
    directions = np.linalg.solve(gram, (sums / (counts + RARE)[:, None]).T).T
    log_shares = np.log((counts + 0.5) / (N + 0.5 * V))
    steep = _steepest(wide @ directions.T, log_shares, tokens)
    W = steep * directions
    return W.astype(features.dtype), (log_shares - W @ mean).astype(features.dtype)


def svm_head(features: FloatArray, tokens: npt.NDArray[np.integer], V: int) -> Head:
    """The same by a support-vector machine, one token against the rest (extra ``evolve``).

    At most 4,000 places, evenly taken from all, are shown to it.

    Raises
    ------
    ConfigError : scikit-learn is not installed.
    """
    every = max(len(tokens) // _MOST_SVM_TOKENS, 1)
    some, asked = features[::every], tokens[::every]
    one_hot = np.zeros((len(asked), V), features.dtype)
    one_hot[np.arange(len(asked)), asked] = 1
    W, a = support_vector_classes()(some, one_hot)
    counts = np.bincount(tokens, minlength=V)
    log_shares = np.log((counts + 0.5) / (len(tokens) + 0.5 * V))
    margins = some.astype(np.float64) @ W.T + a
    steep = _steepest(margins, log_shares, asked)
    head = steep * W, log_shares + steep * a
    return head[0].astype(features.dtype), head[1].astype(features.dtype)


def softmax_nats(logits: FloatArray, tokens: npt.NDArray[np.integer]) -> float:
    """Mean negative log-likelihood of tokens (N,) under logits (N, V), in nats."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    chosen = shifted[np.arange(len(tokens)), tokens]
    return float((np.log(np.exp(shifted).sum(axis=1)) - chosen).mean())


def _steepest(
    scores: npt.NDArray[np.float64],
    log_shares: npt.NDArray[np.float64],
    tokens: npt.NDArray[np.integer],
) -> float:
    """The factor of the scores (N, V) that makes the tokens likeliest, on some of the places."""
    every = max(len(tokens) // _MOST_STEEP_PLACES, 1)
    some, asked = scores[::every], tokens[::every]
    nats = [softmax_nats(steep * some + log_shares, asked) for steep in _STEEPNESS]
    return _STEEPNESS[int(np.argmin(nats))]
