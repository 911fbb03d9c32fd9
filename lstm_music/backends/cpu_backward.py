"""The backward pass of a sequence on the compiled backend, a few steps at a time."""

from __future__ import annotations

import numpy as np

from lstm_music.backends.base import Tape
from lstm_music.backends.checks import Checked
from lstm_music.backends.cpu_inputs import DenseInputs, TokenInputs
from lstm_music.backends.products import Products
from lstm_music.backends.workspace import Workspace
from lstm_music.cells.spec import CellSpec
from lstm_music.kernels import gemm, maps, sequence
from lstm_music.kernels.pool import ThreadPool
from lstm_music.kernels.zoneout import Zoneout
from lstm_music.types import FloatArray, Params

_CHUNK_ROWS = 512
"""Rows (steps · B) of a chunk: one block of k of the product kernel. The gate gradients of a
chunk are still in cache when dX, dW and dU want them, and no (T, B, gates·H) array is needed.
The number depends on nothing but B, so the order of the sums does not depend on the threads."""


class BackwardPass:
    """One call of ``sequence_backward``; the arguments are checked, and named as there."""

    def __init__(
        self,
        level: int,
        pool: ThreadPool,
        space: Workspace,
        spec: CellSpec,
        sizes: Checked,
        dY: FloatArray,
        ds: FloatArray,
        tape: Tape,
        inputs: DenseInputs | TokenInputs,
        U: FloatArray,
        grads: Params,
    ) -> None:
        self._level, self._pool, self._spec, self._sizes = level, pool, spec, sizes
        self._dY, self._ds, self._tape, self._grads = dY, ds, tape, grads
        self._inputs, self._products = inputs, Products(level, pool, space)
        products, dtype, width = self._products, U.dtype, len(grads["b"])
        self._packed_U = products.pack_feeds(spec, U)
        self._feeds = np.array(spec.feeds, np.int32).reshape(-1, 3)
        # One dp a batch row, added up in the order of the rows: the same for any split.
        self._dp = np.zeros((sizes.B, spec.row_params, sizes.H), dtype)
        self._steps = min(max(1, _CHUNK_ROWS // sizes.B), sizes.T)
        rows = self._steps * sizes.B
        self._dwx = space.take("dwx", (rows, width), dtype)
        self._duh = None if spec.sums_early else space.take("duh", (rows, U.shape[0]), dtype)
        zoned = bool(spec.zoneout)
        self._zone = Zoneout(level, spec.zoneout, tape.mask_key) if zoned else None
        self._held = space.take("held", ds.shape, dtype) if zoned else None
        self._packed_s = products.room("s", rows, sizes.H, dtype, len(self._feeds))
        inputs.start(rows, grads)

    def run(self) -> FloatArray:
        """Return ds0, in the memory of ``ds``; grads accumulate, the inputs' are with them."""
        for t0 in reversed(range(0, self._sizes.T, self._steps)):
            t1 = min(t0 + self._steps, self._sizes.T)
            self._recur(t0, t1)
            self._gather(t0, t1)
        self._grads["p"] += self._dp.sum(axis=0)
        self._inputs.finish()
        return self._ds

    def _recur(self, t0: int, t1: int) -> None:
        """Back through steps t1-1..t0."""
        B = self._sizes.B
        rows = (t1 - t0) * B
        dwx = self._dwx[:rows].reshape(t1 - t0, B, -1)
        duh = None if self._duh is None else self._duh[:rows].reshape(t1 - t0, B, -1)
        sequence.backward_rows(
            self._level, self._pool, self._spec.rows.encode(), self._dY, self._ds, self._tape.S,
            self._tape.K, self._zone, self._tape.raw, self._held, self._inputs.X, self._packed_U,
            self._feeds, self._sizes.p, dwx, duh, self._dp, self._inputs.packed_X, self._packed_s,
            self._sizes.lengths, t0, t1, self._products.scratch(dwx.dtype),
        )  # fmt: skip

    def _gather(self, t0: int, t1: int) -> None:
        """What a chunk adds to dU, db, and what the inputs want."""
        rows = (t1 - t0) * self._sizes.B
        dwx = self._dwx[:rows]
        duh = dwx if self._duh is None else self._duh[:rows]
        H, dU = self._sizes.H, self._grads["U"]
        size = gemm.packed_size(self._level, rows, H, dwx.itemsize)
        self._inputs.gather(t0, t1, dwx)
        for n, (_, first, last) in enumerate(self._spec.feeds):
            packed_s, part = self._packed_s[n * size : (n + 1) * size], (first * H, last * H)
            self._products.run(duh, packed_s, dU, rows=part, accumulate=True, transpose=True)
        maps.add_rows(self._level, self._pool, dwx, self._grads["b"])
