"""The backward pass of a sequence on the compiled backend, a few steps at a time."""

from __future__ import annotations

from functools import partial

import numpy as np

from lstm_music.backends.base import Tape
from lstm_music.backends.checks import Checked
from lstm_music.backends.products import Products
from lstm_music.backends.workspace import Crew, Workspace
from lstm_music.cells.spec import CellSpec
from lstm_music.kernels import gemm, maps, sequence
from lstm_music.types import FloatArray, Params

_CHUNK_ROWS = 512
"""Rows (steps · B) of a chunk: one block of k of the product kernel. The gate gradients of a
chunk are still in cache when dX, dW and dU want them, and no (T, B, gates·H) array is needed.
The number depends on nothing but B, so the order of the sums does not depend on the threads."""


class BackwardPass:
    """One call of ``sequence_backward``; the arguments are checked, and named as there.

    Each chunk of steps has two rounds of the crew: ``_recur`` shares out the batch, ``_gather``
    the rows of dX, dW, dU and the columns of db.
    """

    def __init__(
        self,
        level: int,
        crew: Crew,
        space: Workspace,
        spec: CellSpec,
        sizes: Checked,
        dY: FloatArray,
        ds: FloatArray,
        tape: Tape,
        X: FloatArray,
        W: FloatArray,
        U: FloatArray,
        grads: Params,
    ) -> None:
        self._level, self._crew, self._spec, self._sizes = level, crew, spec, sizes
        self._dY, self._ds, self._tape, self._X, self._grads = dY, ds, tape, X, grads
        products = Products(level, crew, space)
        self._packed_W, self._packed_U = products.pack("W", W), products.pack_feeds(spec, U)
        self._feeds = np.array(spec.feeds, np.int32)
        self._scratch = products.scratch(X.dtype)
        self._dX = np.empty(X.shape, X.dtype)
        # One dp a batch row, added up in the order of the rows: the same for any split.
        self._dp = np.zeros((sizes.B, spec.row_params, sizes.H), X.dtype)
        self._steps = min(max(1, _CHUNK_ROWS // sizes.B), sizes.T)
        rows = self._steps * sizes.B
        self._dwx = space.take("dwx", (rows, W.shape[0]), X.dtype)
        self._duh = None if spec.sums_early else space.take("duh", (rows, U.shape[0]), X.dtype)
        self._packed_X = products.room("X", rows, sizes.D, X.dtype)
        self._packed_s = products.room("s", len(self._feeds) * rows, sizes.H, X.dtype)

    def run(self) -> tuple[FloatArray, FloatArray]:
        """Return (dX, ds0), the latter in the memory of ``ds``; grads accumulate."""
        for t0 in reversed(range(0, self._sizes.T, self._steps)):
            t1 = min(t0 + self._steps, self._sizes.T)
            for work in (self._recur, self._gather):
                self._crew.run(partial(work, t0, t1))
        self._grads["p"] += self._dp.sum(axis=0)
        return self._dX, self._ds

    def _recur(self, t0: int, t1: int, i: int) -> None:
        """Thread i's batch rows back through steps t1-1..t0."""
        B = self._sizes.B
        rows = (t1 - t0) * B
        dwx = self._dwx[:rows].reshape(t1 - t0, B, -1)
        duh = None if self._duh is None else self._duh[:rows].reshape(t1 - t0, B, -1)
        b0, b1 = self._crew.share(i, B)
        sequence.backward_rows(
            self._level, self._spec.rows.encode(), self._dY, self._ds, self._tape.S, self._tape.K,
            self._X, self._packed_U, self._feeds, self._sizes.p, dwx, duh, self._dp,
            self._packed_X, self._packed_s, self._sizes.lengths, t0, t1, b0, b1, self._scratch[i],
        )  # fmt: skip

    def _gather(self, t0: int, t1: int, i: int) -> None:
        """Thread i's rows of dX, dW and dU and columns of db, from the chunk's gate gradients."""
        rows = (t1 - t0) * self._sizes.B
        dwx = self._dwx[:rows]
        duh = dwx if self._duh is None else self._duh[:rows]
        dX, grads = self._dX[t0:t1].reshape(rows, -1), self._grads
        H, size = self._sizes.H, gemm.packed_size(self._level, rows, self._sizes.H, dX.itemsize)
        self._product(dwx, self._packed_W, dX, i, (0, rows), transpose=False)
        self._product(dwx, self._packed_X, grads["W"], i, (0, dwx.shape[1]), transpose=True)
        for n, (_, first, last) in enumerate(self._spec.feeds):
            packed_s = self._packed_s[n * size : (n + 1) * size]
            self._product(duh, packed_s, grads["U"], i, (first * H, last * H), transpose=True)
        n0, n1 = self._crew.share(i, dwx.shape[1])
        maps.add_rows(self._level, dwx, grads["b"], n0, n1)

    def _product(
        self,
        A: FloatArray,
        packed: FloatArray,
        out: FloatArray,
        i: int,
        part: tuple[int, int],
        *,
        transpose: bool,
    ) -> None:
        """Thread i's share of some rows of ``out``: A times packed assigns, its transpose adds."""
        m0, m1 = (part[0] + row for row in self._crew.share(i, part[1] - part[0]))
        gemm.run(self._level, A, transpose, packed, out, None, transpose, m0, m1, self._scratch[i])
