"""The backend's second half: the layers around the recurrent stack, and the optimisers."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from lstm_music.reference.optim import Update
from lstm_music.types import FloatArray, IntArray

Float64Array = npt.NDArray[np.float64]


def dropout_numbers(rate: float) -> tuple[int, float]:
    """Keep the words that reach the first; scale what is kept by the second.

    The scale belongs to the rate as rounded to a word, so the mean stays exact.

    Examples
    --------
    >>> dropout_numbers(0.5)
    (2147483648, 2.0)
    """
    threshold = round(rate * 2**32)
    return threshold, 2**32 / (2**32 - threshold)


class LayerBackend(Protocol):
    """Layers over (n, ...) arrays; what Backend says of arrays and errors holds here too."""

    def embed_forward(self, E: FloatArray, rows: IntArray, X: FloatArray) -> None:
        """X[i] = the sum over s of E[rows[i, s]].

        Parameters
        ----------
        E : (R, D) — the table of all streams.
        rows : (n, S) int32, 0..R-1 — a row of E for each of S streams.
        X : (n, D) out.

        Raises
        ------
        ShapeError : a shape, dtype or layout is wrong, or an index is outside the table.
        """
        ...

    def embed_backward(self, dX: FloatArray, rows: IntArray, dE: FloatArray) -> None:
        """dE[rows[i, s]] += dX[i], for every i and s.

        Parameters
        ----------
        dX : (n, D)
        rows : (n, S) int32, as in the forward call.
        dE : (R, D) += .

        Raises
        ------
        ShapeError : as in the forward call.
        """
        ...

    def cross_entropy(
        self, logits: FloatArray, bias: FloatArray, targets: IntArray, scale: float
    ) -> Float64Array:
        """Losses in nats; the logits turn into their gradient.

        Parameters
        ----------
        logits : (n, V) in: without bias; out: scale (softmax(logits + bias) - one_hot(target)),
            zeros where there is no target.
        bias : (V,)
        targets : (n,) int32, below V; negative: no loss at this place.
        scale : factor of the gradient; 1 / number of targets makes it that of the mean loss.

        Returns
        -------
        nll : (n,) float64 — -log softmax(logits + bias)[target]; 0 where there is no target.

        Raises
        ------
        ShapeError : a shape, dtype or layout is wrong, or a target is V or more.
        """
        ...

    def add_rows(self, x: FloatArray, sums: FloatArray) -> None:
        """Sums (N,) += the rows of x (n, N): the gradient of a bias."""
        ...

    def dropout(self, x: FloatArray, rate: float, key: int, stream: int) -> None:
        """Zero about ``rate`` of the elements of x, in place, and scale the others up.

        Parameters
        ----------
        x : any shape, contiguous; the mask depends on an element's place in memory order.
        rate : probability of zero, 0 <= rate < 1.
        key : 0 <= key < 2**64; the same key and stream give the same mask, so the same call on
            the gradient is the backward pass.
        stream : 0 <= stream < 2**32 — further masks under one key.
        """
        ...

    def norm(self, x: FloatArray) -> float:
        """Euclidean norm of x (n,), summed in float64; NaN and infinity come through."""
        ...

    def update(
        self, rule: str, w: FloatArray, g: FloatArray, m: FloatArray, v: FloatArray, step: Update
    ) -> None:
        """One step of an optimiser, in place.

        Parameters
        ----------
        rule : ``sgd``, ``rmsprop``, ``rprop`` or ``adam``: see :mod:`lstm_music.reference.optim`.
        w : (n,) in and out — the parameters.
        g : (n,) — the gradient.
        m, v : (n,) in and out — what the rule remembers; ``sgd`` has no v: give it m twice.
        step : the numbers.

        Raises
        ------
        ShapeError : a shape, dtype or layout is wrong.
        """
        ...
