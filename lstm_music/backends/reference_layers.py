"""The layers in NumPy; see :class:`lstm_music.backends.layers.LayerBackend`."""

from __future__ import annotations

import numpy as np

from lstm_music.backends import layer_checks as check
from lstm_music.backends.layers import Float64Array, dropout_numbers
from lstm_music.reference import dropout, embedding, loss, optim
from lstm_music.reference.optim import Update
from lstm_music.types import FloatArray, IntArray


class ReferenceLayers:
    """See the protocol."""

    def embed_forward(self, E: FloatArray, rows: IntArray, X: FloatArray) -> None:
        """Sum embedding rows; see the protocol."""
        check.check_embedding(E, rows, X, X)
        X[...] = embedding.embed_forward(E, rows)

    def embed_backward(self, dX: FloatArray, rows: IntArray, dE: FloatArray) -> None:
        """Scatter the gradient of a sum of rows; see the protocol."""
        check.check_embedding(dE, rows, dX, dE)
        embedding.embed_backward(dX, rows, dE)

    def cross_entropy(
        self, logits: FloatArray, bias: FloatArray, targets: IntArray, scale: float
    ) -> Float64Array:
        """Losses, and gradients in place; see the protocol."""
        check.check_cross_entropy(logits, bias, targets)
        nll, logits[...] = loss.cross_entropy(logits + bias, targets, scale)
        return nll

    def add_rows(self, x: FloatArray, sums: FloatArray) -> None:
        """Column sums; see the protocol."""
        check.check_add_rows(x, sums)
        sums += x.sum(axis=0)

    def dropout(self, x: FloatArray, rate: float, key: int, stream: int) -> None:
        """Zero and scale in place; see the protocol."""
        check.check_dropout(x, rate, key, stream)
        dropout.dropout(x.reshape(-1), *dropout_numbers(rate), key, stream)

    def norm(self, x: FloatArray) -> float:
        """Euclidean norm; see the protocol."""
        check.check_flat(x)
        return float(np.sqrt(np.square(x.astype(np.float64)).sum()))

    def update(
        self, rule: str, w: FloatArray, g: FloatArray, m: FloatArray, v: FloatArray, step: Update
    ) -> None:
        """One step of an optimiser; see the protocol."""
        check.check_update(w, g, m, v)
        optim.RULES[rule](w, g, m, v, step)
