"""The layers of the compiled backend, each one call of a kernel that the pool shares."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np

from lstm_music.backends import layer_checks as check
from lstm_music.backends.layers import Float64Array, dropout_numbers
from lstm_music.kernels import dropout, embedding, maps, optim, softmax
from lstm_music.kernels.pool import ThreadPool
from lstm_music.reference.optim import Update
from lstm_music.types import FloatArray, IntArray

_NORM_BLOCK = 1 << 14  # elements; the parts of a norm are the same for any number of threads
_NUMBERS = tuple(field.name for field in fields(Update))


class CpuLayers:
    """See :class:`lstm_music.backends.layers.LayerBackend`; bitwise equal for any pool."""

    level: int
    _pool: ThreadPool

    def embed_forward(self, E: FloatArray, rows: IntArray, X: FloatArray) -> None:
        """Sum embedding rows; see the protocol."""
        check.check_embedding(E, rows, X, X)
        embedding.embed_forward(self.level, self._pool, E, rows, X)

    def embed_backward(self, dX: FloatArray, rows: IntArray, dE: FloatArray) -> None:
        """Scatter the gradient; a thread owns columns, so no two write to one place."""
        check.check_embedding(dE, rows, dX, dE)
        embedding.embed_backward(self.level, self._pool, dX, rows, dE)

    def cross_entropy(
        self, logits: FloatArray, bias: FloatArray, targets: IntArray, scale: float
    ) -> Float64Array:
        """Losses, and gradients in place; see the protocol."""
        check.check_cross_entropy(logits, bias, targets)
        nll = np.empty(len(logits))
        softmax.cross_entropy(self.level, self._pool, logits, bias, targets, scale, nll)
        return nll

    def add_rows(self, x: FloatArray, sums: FloatArray) -> None:
        """Column sums; see the protocol."""
        check.check_add_rows(x, sums)
        maps.add_rows(self.level, self._pool, x, sums)

    def dropout(self, x: FloatArray, rate: float, key: int, stream: int) -> None:
        """Zero and scale in place; see the protocol."""
        check.check_dropout(x, rate, key, stream)
        flat, numbers = x.reshape(-1), dropout_numbers(rate)
        dropout.dropout(self.level, self._pool, flat, key, stream, *numbers)

    def norm(self, x: FloatArray) -> float:
        """Euclidean norm; see the protocol."""
        check.check_flat(x)
        parts = np.zeros(-(-x.size // _NORM_BLOCK))
        optim.sum_squares(self.level, self._pool, x, parts, _NORM_BLOCK)
        return math.sqrt(parts.sum())

    def update(
        self, rule: str, w: FloatArray, g: FloatArray, m: FloatArray, v: FloatArray, step: Update
    ) -> None:
        """One step of an optimiser; see the protocol."""
        check.check_update(w, g, m, v)
        numbers = {name: getattr(step, name) for name in _NUMBERS}
        optim.update(self.level, self._pool, optim.RULES[rule], w, g, m, v, numbers)
