"""Softmax with cross-entropy, and its gradient."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.types import FloatArray, IntArray


def cross_entropy(
    logits: FloatArray, targets: IntArray, scale: float
) -> tuple[npt.NDArray[np.float64], FloatArray]:
    """Losses in nats and the gradient of ``scale`` times their sum.

    Parameters
    ----------
    logits : (n, V)
    targets : (n,) int32, below V; negative: no loss and no gradient there.
    scale : factor of the gradient.

    Returns
    -------
    nll : (n,) float64 — -log softmax(logits)[target].
    d_logits : (n, V) — scale (softmax(logits) - one_hot(target)).
    """
    on = targets >= 0
    target = np.where(on, targets, 0)
    here = np.arange(len(targets))
    shifted = logits - logits.max(axis=1, keepdims=True)
    exps = np.exp(shifted)
    sums = exps.sum(axis=1)
    nll = np.where(on, np.log(sums) - shifted[here, target], 0).astype(np.float64)
    d_logits = exps / sums[:, None]
    d_logits[here, target] -= 1
    d_logits *= np.where(on, scale, 0)[:, None].astype(logits.dtype)
    return nll, d_logits
