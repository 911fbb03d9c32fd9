"""Baselines every network has to beat: uniform, unigram, interpolated Kneser-Ney n-gram.

Counts stand in sorted arrays of packed n-grams, so that fitting is sorting and scoring is binary
search: 3 million tokens take seconds.

Kneser and Ney, "Improved backing-off for m-gram language modeling", ICASSP 1995; interpolated
form with one discount an order, Chen and Goodman 1999, section 2.7:

    p_k(w | u) = max(c_k(u w) - D_k, 0) / c_k(u)  +  D_k N_k(u) / c_k(u) * p_{k-1}(w | u')

with u' = u without its first token, N_k(u) = how many different tokens follow u, c_k of the
highest order the count, of the lower orders the number of different tokens before the n-gram,
D_k = n1 / (n1 + 2 n2), and p_0 uniform.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError
from lstm_music.types import IntArray

_Packed = npt.NDArray[np.int64]


class TokenModel(Protocol):
    """Anything that gives each token of a sequence a probability."""

    def log_probs(self, tokens: IntArray) -> npt.NDArray[np.float64]:
        """Natural log-probabilities of ``tokens[1:]``, each given all before it."""


@dataclass(frozen=True)
class Uniform:
    """Every token of the vocabulary equally likely."""

    n_tokens: int

    def log_probs(self, tokens: IntArray) -> npt.NDArray[np.float64]:
        """``-log(n_tokens)`` for each of ``tokens[1:]``."""
        return np.full(len(tokens) - 1, -np.log(self.n_tokens))


class Unigram:
    """Relative frequencies with one added to each count; START, never predicted, not counted."""

    def __init__(self, sequences: Iterable[IntArray], n_tokens: int) -> None:
        counts = np.ones(n_tokens)
        for tokens in sequences:
            counts += np.bincount(tokens[1:], minlength=n_tokens)
        self._log_probs = np.log(counts / counts.sum())

    def log_probs(self, tokens: IntArray) -> npt.NDArray[np.float64]:
        """The log frequency of each of ``tokens[1:]``."""
        return np.asarray(self._log_probs[tokens[1:]])


@dataclass(frozen=True)
class _Order:
    """The counts of one order: packed n-grams and their contexts, both sorted."""

    grams: _Packed
    counts: npt.NDArray[np.float64]
    contexts: _Packed
    totals: npt.NDArray[np.float64]
    followers: npt.NDArray[np.float64]
    discount: float


class KneserNey:
    """Interpolated Kneser-Ney model of the given order.

    Parameters
    ----------
    sequences : token sequences, each (N,) ints in 0..n_tokens-1, starting with the START token.
    n_tokens : size of the vocabulary V.
    order : length of the longest n-gram; ``order * log2(n_tokens + 1)`` may be 63 at most.
    """

    def __init__(self, sequences: Sequence[IntArray], n_tokens: int, order: int = 5) -> None:
        self._n_tokens = n_tokens
        self._base = n_tokens + 1  # one more symbol fills the place before a piece
        if order < 1 or self._base**order >= 1 << 63:
            raise ConfigError(f"{order}-grams of {n_tokens} tokens do not fit 63 bits")
        grams = np.concatenate(
            [np.empty(0, np.int64), *(self._pack(self._padded(s, order), order) for s in sequences)]
        )
        unique, counts = np.unique(grams, return_counts=True)
        self._orders: list[_Order] = []
        for k in range(order, 0, -1):
            self._orders.insert(0, self._order(unique, counts))
            # A lower-order gram counts once for each different token before it.
            unique, counts = np.unique(unique % self._base ** (k - 1), return_counts=True)

    def log_probs(self, tokens: IntArray) -> npt.NDArray[np.float64]:
        """Natural log-probabilities of ``tokens[1:]``, each given the ``order - 1`` before it."""
        longest = self._pack(self._padded(tokens, len(self._orders)), len(self._orders))
        return np.asarray(np.log(self._probabilities(longest)))

    def next_probabilities(self, context: IntArray) -> npt.NDArray[np.float64]:
        """Probability of every token after ``context``, (V,) float64, sums to 1."""
        n_before = len(self._orders) - 1
        before = np.full(n_before, self._n_tokens, np.int64)
        given = np.asarray(context, np.int64)[len(context) - min(n_before, len(context)) :]
        before[n_before - len(given) :] = given
        packed = 0
        for token in before.tolist():
            packed = packed * self._base + token
        return self._probabilities(packed * self._base + np.arange(self._n_tokens))

    def _probabilities(self, longest: _Packed) -> npt.NDArray[np.float64]:
        """Probability of the last token of each packed n-gram, from order 0 upwards."""
        probability = np.full(len(longest), 1.0 / self._n_tokens)
        for k, order in enumerate(self._orders, start=1):
            grams = longest % self._base**k
            count = _look_up(order.grams, order.counts, grams)
            contexts = grams // self._base
            total = _look_up(order.contexts, order.totals, contexts)
            followers = _look_up(order.contexts, order.followers, contexts)
            seen = total > 0
            interpolated = (
                np.maximum(count - order.discount, 0.0) + order.discount * followers * probability
            )
            probability = np.where(seen, interpolated / np.where(seen, total, 1.0), probability)
        return probability

    def _order(self, grams: _Packed, counts: npt.NDArray[np.int64]) -> _Order:
        contexts, first = np.unique(grams // self._base, return_index=True)
        weights = counts.astype(np.float64)
        totals = np.add.reduceat(weights, first) if len(first) else weights
        followers = np.diff(np.append(first, len(grams))).astype(np.float64)
        n1, n2 = int(np.sum(counts == 1)), int(np.sum(counts == 2))
        # Without singletons the formula gives 0, and unseen tokens probability 0.
        discount = n1 / (n1 + 2 * n2) if n1 and n2 else 0.5
        return _Order(grams, weights, contexts, totals, followers, discount)

    def _padded(self, tokens: IntArray, order: int) -> npt.NDArray[np.int64]:
        """Room for a full context before the first token that is predicted, ``tokens[1]``."""
        padding = np.full(max(order - 2, 0), self._n_tokens, np.int64)
        return np.concatenate([padding, np.asarray(tokens, np.int64)[0 if order > 1 else 1 :]])

    def _pack(self, tokens: npt.NDArray[np.int64], order: int) -> _Packed:
        """Every run of ``order`` tokens as one integer, first token most significant."""
        n = len(tokens) - order + 1
        packed = np.zeros(max(n, 0), np.int64)
        for i in range(order):
            packed = packed * self._base + tokens[i : i + len(packed)]
        return packed


def _look_up(
    keys: _Packed, values: npt.NDArray[np.float64], wanted: _Packed
) -> npt.NDArray[np.float64]:
    """The value of each wanted key, 0 where there is none."""
    if not len(keys):
        return np.zeros(len(wanted))
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0.0)
