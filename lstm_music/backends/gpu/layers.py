"""The layers around the stack, and the optimisers, on the device."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lstm_music.backends import layer_checks as check
from lstm_music.backends.gpu.device import Array, Device
from lstm_music.backends.gpu.guard import on_device
from lstm_music.backends.gpu.sequence import add_rows
from lstm_music.backends.layers import Float64Array, dropout_numbers
from lstm_music.reference.optim import Update
from lstm_music.types import FloatArray, IntArray

_SQUARE_BLOCKS = 512


class GpuLayers:
    """See :class:`lstm_music.backends.layers.LayerBackend`; rows and targets come from the host."""

    device: Device

    @on_device
    def embed_forward(self, E: FloatArray, rows: IntArray, X: FloatArray) -> None:
        """Sum embedding rows; see the protocol."""
        check.check_embedding(E, rows, X, X)
        gather(self.device, E, self.device.put(rows), X)

    @on_device
    def embed_backward(self, dX: FloatArray, rows: IntArray, dE: FloatArray) -> None:
        """Scatter the gradient, in an order that is always the same; see the protocol."""
        check.check_embedding(dE, rows, dX, dE)
        self._scatter(dX, self.device.put(rows), dE)

    def _scatter(self, dX: Array, rows: Array, dE: Array) -> None:
        N, dtype = rows.size, dE.dtype
        keys = self.device.empty((N,), np.int64)
        kernel = self.device.kernel("layers", "embed_keys", dtype)
        self.device.each(kernel, N, np.int64(N), rows, keys)
        keys.sort()
        R, D = dE.shape
        self.device.kernel("layers", "embed_backward", dtype)(
            (R, -(-D // 32)),
            (32, 8),
            (np.int64(N), np.int64(rows.shape[1]), np.int64(D), dX, keys, dE),
        )

    @on_device
    def cross_entropy(
        self, logits: FloatArray, bias: FloatArray, targets: IntArray, scale: float
    ) -> Float64Array:
        """Losses on the host, and gradients in place; see the protocol."""
        check.check_cross_entropy(logits, bias, targets)
        n, V = logits.shape
        nll = self.device.empty((n,), np.float64)
        self.device.kernel("layers", "cross_entropy", logits.dtype)(
            (n,),
            (128,),
            (np.int64(V), logits, bias, self.device.put(targets), logits.dtype.type(scale), nll),
        )
        return self.device.get(nll)

    @on_device
    def add_rows(self, x: FloatArray, sums: FloatArray) -> None:
        """Column sums; see the protocol."""
        check.check_add_rows(x, sums)
        add_rows(self.device, x, sums)

    @on_device
    def dropout(self, x: FloatArray, rate: float, key: int, stream: int) -> None:
        """Zero and scale in place; see the protocol."""
        check.check_dropout(x, rate, key, stream)
        threshold, scale = dropout_numbers(rate)
        self.device.each(
            self.device.kernel("layers", "dropout", x.dtype),
            x.size,
            np.int64(x.size),
            x,
            np.uint64(key),
            np.uint32(stream),
            np.uint32(threshold),
            x.dtype.type(scale),
        )

    @on_device
    def norm(self, x: FloatArray) -> float:
        """Euclidean norm; see the protocol."""
        check.check_flat(x)
        blocks = min(-(-x.size // 256), _SQUARE_BLOCKS)
        parts = self.device.empty((blocks,), np.float64)
        kernel = self.device.kernel("layers", "square_parts", x.dtype)
        kernel((blocks,), (256,), (np.int64(x.size), x, parts))
        return math.sqrt(self.device.get(parts).sum())

    @on_device
    def update(
        self, rule: str, w: FloatArray, g: FloatArray, m: FloatArray, v: FloatArray, step: Update
    ) -> None:
        """One step of an optimiser; see the protocol."""
        check.check_update(w, g, m, v)
        numbers: list[Any] = [np.float64(getattr(step, name)) for name in _NUMBERS]
        kernel = self.device.kernel("optim", "update", w.dtype, LM_RULE=rule)
        self.device.each(kernel, w.size, np.int64(w.size), w, g, m, v, *numbers)


def gather(device: Device, E: Array, rows: Array, X: Array) -> None:
    """:meth:`GpuLayers.embed_forward` of rows that are on the device, and checked."""
    n, S = rows.shape
    kernel = device.kernel("layers", "embed_forward", E.dtype)
    sizes = np.int64(n), np.int64(S), np.int64(E.shape[1])
    device.each(kernel, n * E.shape[1], *sizes, E, rows, X)


_NUMBERS = (
    "g_scale", "l2", "rate", "momentum", "decay", "epsilon", "v_scale", "shrink", "grow", "least",
    "most",
)  # fmt: skip
