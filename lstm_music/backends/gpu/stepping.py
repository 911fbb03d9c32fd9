"""A model one step at a time, for many streams: kernels of our own alone, over memory that stays.

So a graph can hold a step, and a stream has the same bits whatever runs beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_music.backends.base import Tape
from lstm_music.backends.checks import Checked
from lstm_music.backends.gpu.device import Array, Device
from lstm_music.backends.gpu.layers import gather
from lstm_music.backends.gpu.maps import DenseMaps
from lstm_music.backends.gpu.products import own_product
from lstm_music.backends.gpu.sequence import SequencePass
from lstm_music.backends.workspace import Workspace
from lstm_music.cells.spec import CellSpec
from lstm_music.types import Params


@dataclass(frozen=True)
class StackWeights:
    """What a step reads.

    Attributes
    ----------
    spec : the cell.
    embedding : (R, D)
    layers : W, U, b (p) of each layer as the kernels take them.
    residual : of each layer, whether its input is added to its output.
    head : (V, H), without its bias.
    """

    spec: CellSpec
    embedding: Array
    layers: list[Params]
    residual: list[bool]
    head: Array


class StackSteps:
    """N streams of one model, each at a place of its own.

    Parameters
    ----------
    device : where it runs.
    weights : of the model.
    state : (states, N, H) of each layer — where the streams begin.
    n_rows : S, rows of the embedding for each input.

    Attributes
    ----------
    rows : (N, S) int32 — the next input of each stream, below R.
    moves : (N,) int32 — 1 where :meth:`advance` reads it, 0 where a stream stays; at first 1.
    logits : (N, V) — what :meth:`predict` found.
    """

    def __init__(
        self,
        device: Device,
        weights: StackWeights,
        state: list[Array],
        n_rows: int,
    ) -> None:
        N, real = state[0].shape[1], weights.embedding.dtype
        self._device, self._weights = device, weights
        self.rows = device.zeros((N, n_rows), np.int32)
        self.moves = device.put(np.ones(N, np.int32))
        self.logits = device.empty((N, len(weights.head)), real)
        self._X = device.empty((N, weights.embedding.shape[1]), real)
        self._layers: list[_Layer] = []
        space, X = Workspace(device.empty), self._X
        for p, start, is_residual in zip(weights.layers, state, weights.residual):
            layer = _Layer(device, space, weights.spec, p, X, start, self.moves, is_residual)
            self._layers.append(layer)
            X = layer.y
        self._head = own_product(device, X, weights.head, self.logits, transpose_b=True)

    def advance(self) -> None:
        """Each stream that moves reads its rows."""
        gather(self._device, self._weights.embedding, self.rows, self._X)
        for layer in self._layers:
            layer.step()

    def predict(self) -> None:
        """The logits of what comes next, without the bias."""
        self._head(0, 0)

    def copy(self, source: int, target: int) -> None:
        """Let one stream stand where another stands."""
        for array in self.kept():
            array[:, target] = array[:, source]

    def kept(self) -> list[Array]:
        """What the streams have from step to step, a stream along axis 1."""
        return [array for layer in self._layers for array in layer.kept()]


class _Layer:
    """One layer, which begins at a state; ``y`` (N, H) is what it gives."""

    def __init__(
        self,
        device: Device,
        space: Workspace,
        spec: CellSpec,
        p: Params,
        X: Array,
        start: Array,
        moves: Array,
        is_residual: bool,
    ) -> None:
        W, U, b = p["W"], p["U"], p["b"]
        if spec.maps:
            dense = DenseMaps(device, spec)
            spec, W, U, b = dense.spec, dense.matrix(W), dense.matrix(U), dense.biases(b)
        states, N, H = start.shape
        new, real = device.empty, start.dtype
        S = new((2, states, N, H), real)
        S[1] = start
        raw = new((1, states, N, H), real) if spec.zoneout else None
        tape = Tape(S, new((1, N, spec.cached * H), real), raw)
        row_params = p["p"] if "p" in p else new((0, H), real)
        sizes = Checked(1, N, X.shape[1], H, row_params, np.ones(N, np.int32))
        self._run = SequencePass(device, space, spec, sizes, U, tape, moves, "own")
        sums = self._run.sums.reshape(N, -1)
        self._inputs = own_product(device, X, W, sums, transpose_b=True)
        self._device, self._moves = device, moves
        self._S, self._b, self._X, self._is_residual = S, b, X, is_residual
        self.y = device.zeros((N, H), real) if is_residual else S[1, 0]

    def step(self) -> None:
        """From the inputs to ``y``."""
        self._S[0] = self._S[1]
        self._inputs(0, 0)
        self._run.forward(self._b)
        if self._is_residual:
            kernel = self._device.kernel("layers", "add_residual", self.y.dtype)
            sizes = np.int64(len(self.y)), np.int64(self.y.shape[1])
            states = self._S[1, 0], self._X, self.y
            self._device.each(kernel, self.y.size, *sizes, self._moves, *states)

    def kept(self) -> list[Array]:
        """What the streams have from step to step, a stream along axis 1."""
        return [self._S[1], self.y[None]] if self._is_residual else [self._S[1]]
