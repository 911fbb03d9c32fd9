"""Cells whose products are convolutions, on the compiled backend: shares of the batch."""

from __future__ import annotations

import numpy as np

from lstm_music.backends.base import Tape
from lstm_music.backends.checks import Checked
from lstm_music.backends.workspace import Workspace
from lstm_music.cells.maps import MapShape
from lstm_music.cells.spec import CellSpec
from lstm_music.kernels import conv, gemm
from lstm_music.kernels.pool import ThreadPool
from lstm_music.kernels.zoneout import Zoneout
from lstm_music.types import FloatArray, IntArray, Params

_SHARDS = 16
"""Parts of a batch that add up parameter gradients apart, for as many threads at most. The number
depends on nothing but B, so the order of the sums does not depend on the threads."""


class ConvPass:
    """One forward or backward call; the arguments are checked, and named as in the protocol.

    The two weight matrices stand in one, WU (G, R) with G = gates·C and
    R = ky·(C_in + C)·kx in this order: what ``kernels/conv.pyx`` multiplies with.
    """

    def __init__(
        self,
        level: int,
        pool: ThreadPool,
        space: Workspace,
        spec: CellSpec,
        maps: MapShape,
        sizes: Checked,
        W: FloatArray,
        U: FloatArray,
    ) -> None:
        self._level, self._pool, self._spec, self._sizes = level, pool, spec, sizes
        self._rows = spec.rows.encode()
        rows, columns = (*maps.size, 1)[:2]
        self._ky, self._kx = (*maps.kernel, 1)[:2]
        self._P = maps.places
        self._plane: IntArray = np.array(
            [rows, columns, self._ky, self._kx, maps.padding == "circular"], np.int32
        )
        kernels = [self._kernel(W), self._kernel(U)]
        self._WU = np.ascontiguousarray(np.concatenate(kernels, axis=2).reshape(len(W), -1))
        G, R = self._WU.shape
        # Per thread: the shifts of X and h, a packed operand, and what the product needs.
        n_shifts = R // self._ky * (rows + self._ky - 1) * columns
        operands = [(R, self._P), (G, self._P), (self._P, G)]
        n_packed = max(gemm.packed_size(level, *size, W.dtype.itemsize) for size in operands)
        takes = {"shifts": n_shifts, "packed": n_packed, "scratch": gemm.SCRATCH_SIZE}
        self._shifts, self._packed, self._scratch = (
            space.take(name, (pool.n_threads, n), W.dtype) for name, n in takes.items()
        )
        self._d_sums = space.take("d_sums", (pool.n_threads, G * self._P), W.dtype)

    def _kernel(self, W: FloatArray) -> FloatArray:
        """(G, ky, channels, kx): a view of W (G, channels·ky·kx)."""
        return W.reshape(len(W), -1, self._ky, self._kx).transpose(0, 2, 1, 3)

    def _zone(self, tape: Tape) -> Zoneout | None:
        rates = self._spec.zoneout
        return Zoneout(self._level, rates, tape.mask_key) if rates else None

    def forward(self, X: FloatArray, b: FloatArray, tape: Tape) -> None:
        """Fill the tape; ``tape.S[0]`` is there already."""
        bias, zone = np.repeat(b, self._P), self._zone(tape)
        conv.forward_rows(
            self._level, self._pool, self._rows, self._plane, X, self._WU, bias, self._sizes.p,
            tape.S, tape.K, zone, tape.raw, self._sizes.lengths, self._shifts, self._packed,
            self._scratch,
        )  # fmt: skip

    def backward(
        self, dY: FloatArray, ds: FloatArray, tape: Tape, X: FloatArray, grads: Params
    ) -> tuple[FloatArray, FloatArray]:
        """Return (dX, ds0), the latter in the memory of ``ds``; grads accumulate."""
        H, n = self._sizes.H, min(self._sizes.B, _SHARDS)
        G, R = self._WU.shape
        dX = np.empty_like(X)
        dWU, d_bias = np.zeros((n, R, G), X.dtype), np.zeros((n, G * self._P), X.dtype)
        dp = np.zeros((n, self._spec.row_params, H), X.dtype)
        zone, held = self._zone(tape), np.empty_like(ds) if self._spec.zoneout else None
        conv.backward_rows(
            self._level, self._pool, self._rows, self._plane, dY, ds, tape.S, tape.K, zone,
            tape.raw, held, X, self._WU, self._sizes.p, dX, dWU, d_bias, dp, self._sizes.lengths,
            self._d_sums, self._shifts, self._packed, self._scratch,
        )  # fmt: skip
        # (R, G) back to (G, channels, ky, kx), those of W before those of U.
        total = dWU.sum(axis=0).reshape(self._ky, -1, self._kx, G).transpose(3, 1, 0, 2)
        n_inputs = X.shape[2] // self._P
        grads["W"] += total[:, :n_inputs].reshape(G, -1)
        grads["U"] += total[:, n_inputs:].reshape(G, -1)
        grads["b"] += d_bias.sum(axis=0).reshape(G, -1).sum(axis=1)
        grads["p"] += dp.sum(axis=0)
        return dX, ds
