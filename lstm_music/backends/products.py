"""Matrix products of the compiled backend: pack once, share the rows out over threads."""

from __future__ import annotations

import numpy as np

from lstm_music.backends.workspace import Workspace
from lstm_music.cells.spec import CellSpec
from lstm_music.kernels import gemm
from lstm_music.kernels.pool import ThreadPool
from lstm_music.types import FloatArray


class Products:
    """Packed matrix products at one instruction-set level.

    Parameters
    ----------
    level : number of the instruction-set level.
    pool : threads that share the rows of a product.
    space : where packed matrices and scratch live; a packed matrix is valid until the next
        ``pack`` under the same name.
    """

    def __init__(self, level: int, pool: ThreadPool, space: Workspace) -> None:
        self._level = level
        self._pool = pool
        self._space = space

    def pack(self, name: str, B: FloatArray, *, transpose: bool = False) -> FloatArray:
        """Op(B) (K, N), packed for :meth:`run`."""
        K, N = B.shape[::-1] if transpose else B.shape
        packed = self.room(name, K, N, B.dtype)
        gemm.pack(self._level, self._pool, B, transpose, packed)
        return packed

    def pack_feeds(self, spec: CellSpec, U: FloatArray, *, transpose: bool = False) -> FloatArray:
        """Each feed's part of U (gates_u·H, H) like :meth:`pack`, one behind the other."""
        H = U.shape[1]
        parts = [U[first * H : last * H] for _, first, last in spec.feeds]
        sizes = []
        for part in parts:
            K, N = part.shape[::-1] if transpose else part.shape
            sizes.append(gemm.packed_size(self._level, K, N, U.dtype.itemsize))
        packed, start = self._space.take("packed U", (sum(sizes),), U.dtype), 0
        for part, size in zip(parts, sizes):
            into = packed[start : start + size]
            gemm.pack(self._level, self._pool, part, transpose, into)
            start += size
        return packed

    def room(
        self, name: str, K: int, N: int, dtype: np.dtype[np.floating], n: int = 1
    ) -> FloatArray:
        """Memory for n packed (K, N), one behind the other, that a kernel will fill."""
        size = gemm.packed_size(self._level, K, N, dtype.itemsize)
        return self._space.take(f"packed {name}", (n * size,), dtype)

    def run(
        self,
        A: FloatArray,
        packed: FloatArray,
        out: FloatArray,
        *,
        rows: tuple[int, int] | None = None,
        accumulate: bool = False,
        transpose: bool = False,
    ) -> None:
        """Rows of ``out`` (None: all of them) = op(A) times a packed matrix, or plus ``out``."""
        m0, m1 = rows or (0, len(out))
        scratch = self.scratch(out.dtype)
        gemm.run(
            self._level, self._pool, A, transpose, packed, out, None, accumulate, m0, m1, scratch
        )

    def scratch(self, dtype: np.dtype[np.floating]) -> FloatArray:
        """(n_threads, n) scratch of the product kernel, one row a thread."""
        return self._space.take("scratch", (self._pool.n_threads, gemm.SCRATCH_SIZE), dtype)
