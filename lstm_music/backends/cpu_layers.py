"""The layers of the compiled backend: ranges of positions, columns or elements over the crew."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np

from lstm_music.backends import layer_checks as check
from lstm_music.backends.layers import Float64Array, dropout_numbers
from lstm_music.backends.workspace import Crew
from lstm_music.kernels import dropout, embedding, maps, optim, softmax
from lstm_music.reference.optim import Update
from lstm_music.types import FloatArray, IntArray

_NORM_BLOCK = 1 << 14  # elements; the parts of a norm are the same for any number of threads


class CpuLayers:
    """See :class:`lstm_music.backends.layers.LayerBackend`; bitwise equal for any crew."""

    level: int
    _crew: Crew

    def embed_forward(self, E: FloatArray, rows: IntArray, X: FloatArray) -> None:
        """Sum embedding rows; see the protocol."""
        check.check_embedding(E, rows, X, X)
        share = self._crew.share
        self._crew.run(lambda i: embedding.embed_forward(self.level, E, rows, X, *share(i, len(X))))

    def embed_backward(self, dX: FloatArray, rows: IntArray, dE: FloatArray) -> None:
        """Scatter the gradient; a thread owns columns, so no two write to one place."""
        check.check_embedding(dE, rows, dX, dE)
        share = self._crew.share
        self._crew.run(
            lambda i: embedding.embed_backward(self.level, dX, rows, dE, *share(i, dE.shape[1]))
        )

    def cross_entropy(
        self, logits: FloatArray, bias: FloatArray, targets: IntArray, scale: float
    ) -> Float64Array:
        """Losses, and gradients in place; see the protocol."""
        check.check_cross_entropy(logits, bias, targets)
        nll = np.empty(len(logits))
        share = self._crew.share
        self._crew.run(
            lambda i: softmax.cross_entropy(
                self.level, logits, bias, targets, scale, nll, *share(i, len(logits))
            )
        )
        return nll

    def add_rows(self, x: FloatArray, sums: FloatArray) -> None:
        """Column sums; see the protocol."""
        check.check_add_rows(x, sums)
        share = self._crew.share
        self._crew.run(lambda i: maps.add_rows(self.level, x, sums, *share(i, len(sums))))

    def dropout(self, x: FloatArray, rate: float, key: int, stream: int) -> None:
        """Zero and scale in place; see the protocol."""
        check.check_dropout(x, rate, key, stream)
        flat = x.reshape(-1)
        blocks = -(-flat.size // dropout.BLOCK)
        numbers = dropout_numbers(rate)

        def work(i: int) -> None:
            start, stop = (block * dropout.BLOCK for block in self._crew.share(i, blocks))
            dropout.dropout(self.level, flat, key, stream, *numbers, start, min(stop, flat.size))

        self._crew.run(work)

    def norm(self, x: FloatArray) -> float:
        """Euclidean norm; see the protocol."""
        check.check_flat(x)
        parts = np.empty(-(-x.size // _NORM_BLOCK))
        share = self._crew.share
        self._crew.run(
            lambda i: optim.sum_squares(self.level, x, parts, _NORM_BLOCK, *share(i, len(parts)))
        )
        return math.sqrt(parts.sum())

    def update(
        self, rule: str, w: FloatArray, g: FloatArray, m: FloatArray, v: FloatArray, step: Update
    ) -> None:
        """One step of an optimiser; see the protocol."""
        check.check_update(w, g, m, v)
        index, numbers, share = optim.RULES[rule], asdict(step), self._crew.share
        self._crew.run(
            lambda i: optim.update(self.level, index, w, g, m, v, numbers, *share(i, len(w)))
        )
