"""The policy: the model's softmax over the tokens that may stand, at the sampling temperature.

What is drawn is ``softmax(logits / temperature)`` over the allowed tokens alone, renormalised, and
so is every log-probability and divergence here: the gradient is that of the very distribution that
the tokens came from.

The objective of a piece is ``R - beta sum_t KL_t``: its reward, less a price for every nat by which
the policy moves away from the model it began with. ``KL_t`` is exact over the vocabulary. Its
gradient has two parts, and both are here: how the divergence at a step depends on the weights, and
how the choice at a step leads to dearer steps later.

References
----------
Williams (1992), Simple statistical gradient-following algorithms (REINFORCE, with a baseline).
Jaques et al. (2017), arXiv:1611.02796: a note RNN tuned by rules of music theory, held to the
model it began with by KL control.
Ziegler et al. (2019), arXiv:1909.08593, section 2.2: the weight of the KL term follows a target.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.types import BoolArray, FloatArray, IntArray

Floats = npt.NDArray[np.float64]


def log_policy(logits: FloatArray, allowed: BoolArray, temperature: float) -> FloatArray:
    """Log-probability of every token under the policy.

    Parameters
    ----------
    logits : (n, V).
    allowed : (n, V) bool; one token at least in each row.
    temperature : above 0.

    Returns
    -------
    log_probs : (n, V) nats, of the dtype of the logits; -infinity where a token is not allowed.
    """
    scaled: FloatArray = np.where(allowed, logits / temperature, -np.inf)
    scaled = scaled.astype(logits.dtype, copy=False)
    scaled -= scaled.max(axis=1, keepdims=True)
    scaled -= np.log(np.exp(scaled).sum(axis=1, keepdims=True))
    return scaled


def divergence(log_p: FloatArray, log_q: FloatArray) -> FloatArray:
    """KL(p || q) of each row, (n,) nats; both are (n, V) and have the same tokens at -infinity."""
    nats: FloatArray = _weighted(log_p, log_q).sum(axis=1)
    return nats


def _weighted(log_p: FloatArray, log_q: FloatArray) -> FloatArray:
    """Of each token p (log p - log q), (n, V); 0 where p is."""
    is_open = np.isfinite(log_p)
    apart = np.subtract(log_p, log_q, out=np.zeros_like(log_p), where=is_open)
    return np.exp(log_p) * apart


def advantages(
    rewards: Sequence[float], divergences: Sequence[FloatArray], kl_weight: float
) -> list[Floats]:
    """How much better each choice did than was to be expected.

    Its return is the piece's reward less the price of the divergences *after* it. The baseline is
    the mean return of the other pieces, at the same number of choices: it does not hang on the
    choice itself, so it leaves the gradient's expectation as it is.

    Parameters
    ----------
    rewards : of each of B >= 2 pieces.
    divergences : of each piece, (M,) nats, one a choice.
    kl_weight : beta, reward a nat.

    Returns
    -------
    list of (M,) in the order given.
    """
    B, longest = len(rewards), max(len(one) for one in divergences)
    to_come = np.zeros((B, longest))
    for row, one in zip(to_come, divergences, strict=True):
        row[: len(one) - 1] = np.cumsum(one[:0:-1], dtype=np.float64)[::-1]
    returns = np.asarray(rewards, np.float64)[:, None] - kl_weight * to_come
    others = (returns.sum(axis=0) - returns) / (B - 1)
    return [(r - o)[: len(one)] for r, o, one in zip(returns, others, divergences, strict=True)]


@dataclass(frozen=True)
class PolicyLoss:
    """Minus the objective of some pieces, as `LanguageModel.loss_chunk` takes a loss.

    ``sum_t -A_t log p(choice) + beta KL_t``, times ``scale``. Its gradient by the logits is
    ``scale / temperature`` times ``A (p - onehot) + beta p (log p - log q - KL)``, and 0 where a
    token is not allowed. A place without a choice has one allowed token and advantage 0.

    Parameters
    ----------
    choices : (n,) integers, the tokens that were drawn.
    allowed : (n, V) bool.
    log_prior : (n, V), `log_policy` of the model that the run began with.
    advantage : (n,).
    kl_weight : beta.
    temperature : of the policy.
    scale : 1 / number of pieces, for a mean.
    """

    choices: IntArray
    allowed: BoolArray
    log_prior: FloatArray
    advantage: Floats
    kl_weight: float
    temperature: float
    scale: float

    def __call__(self, places: slice, logits: FloatArray) -> float:
        """The loss of some places; ``logits`` (n, V) become its gradient."""
        log_p = log_policy(logits, self.allowed[places], self.temperature)
        priced = _weighted(log_p, self.log_prior[places])
        kl = priced.sum(axis=1)
        p = np.exp(log_p)
        rows, chosen = np.arange(len(p)), self.choices[places]
        advantage = self.advantage[places].astype(logits.dtype)
        gained = float((advantage * log_p[rows, chosen]).sum(dtype=np.float64))
        logits[...] = p * advantage[:, None]
        logits[rows, chosen] -= advantage
        logits += self.kl_weight * (priced - p * kl[:, None])
        logits *= self.scale / self.temperature
        return self.scale * (self.kl_weight * float(kl.sum(dtype=np.float64)) - gained)


def next_kl_weight(kl_weight: float, kl: float, target: float) -> float:
    """The weight of the KL term for the next update: up where the policy has gone too far.

    Ziegler et al. 2019, section 2.2, with a step of at most a tenth.

    Examples
    --------
    >>> round(next_kl_weight(1.0, kl=0.3, target=0.2), 3)
    1.1
    """
    error = float(np.clip(kl / target - 1.0, -0.2, 0.2))
    return kl_weight * (1.0 + 0.5 * error)
