"""Cells on a map, as cells whose matrices are dense: what their convolutions are.

That costs places / taps times the products, which a GPU has to spare, and gates·H·(D + H) numbers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lstm_music.backends.gpu.device import Array, Device
from lstm_music.backends.gpu.sequence import add_rows
from lstm_music.cells.spec import CellSpec
from lstm_music.types import Params


class DenseMaps:
    """Between the weights of a convolutional cell and those of the cell that it is.

    Attributes
    ----------
    spec : of the cell without a map.
    """

    def __init__(self, device: Device, spec: CellSpec) -> None:
        assert spec.maps is not None
        self._device, self._places, self._taps = device, spec.maps.places, spec.maps.taps
        self._seen = device.put(np.array(spec.maps.seen(), np.int32))
        self.spec = replace(spec, maps=None)

    def matrix(self, W: Array) -> Array:
        """The matrix (n·P, m·P) of W (n, m·taps)."""
        n, m, P = W.shape[0], W.shape[1] // self._taps, self._places
        matrix = self._device.empty((n * P, m * P), W.dtype)
        self._run("spread", matrix.size, n, m, W, matrix)
        return matrix

    def biases(self, b: Array) -> Array:
        """One a place of b, one a channel."""
        return self._device.xp.repeat(b, self._places)

    def room(self, own: Params) -> Params:
        """Where the gradients of the dense matrices go."""
        P, zeros = self._places, self._device.zeros
        sizes = {name: (own[name].shape[0], own[name].shape[1] // self._taps) for name in "WU"}
        dense = {name: zeros((n * P, m * P), own[name].dtype) for name, (n, m) in sizes.items()}
        return own | dense | {"b": zeros((own["b"].size * P,), own["b"].dtype)}

    def gather(self, dense: Params, own: Params) -> None:
        """Add to the own gradients those of the dense matrices."""
        for name in "WU":
            n, m = own[name].shape[0], own[name].shape[1] // self._taps
            self._run("tie", own[name].size, n, m, dense[name], own[name])
        by_place = self._device.xp.ascontiguousarray(dense["b"].reshape(-1, self._places).T)
        add_rows(self._device, by_place, own["b"])

    def _run(self, name: str, threads: int, n: int, m: int, source: Array, into: Array) -> None:
        sizes = (np.int64(x) for x in (n, m, self._places, self._taps))
        kernel = self._device.kernel("maps", name, source.dtype)
        self._device.each(kernel, threads, *sizes, self._seen, source, into)
