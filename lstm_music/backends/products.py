"""Matrix products of the compiled backend: pack once, share the rows out over threads."""

from __future__ import annotations

import numpy as np

from lstm_music.backends.workspace import Crew, Workspace
from lstm_music.cells.spec import CellSpec
from lstm_music.kernels import gemm
from lstm_music.types import FloatArray


class Products:
    """Packed matrix products at one instruction-set level.

    Parameters
    ----------
    level : number of the instruction-set level.
    crew : threads that share the rows of a product.
    space : where packed matrices and scratch live; a packed matrix is valid until the next
        ``pack`` under the same name.
    """

    def __init__(self, level: int, crew: Crew, space: Workspace) -> None:
        self._level = level
        self._crew = crew
        self._space = space

    def pack(self, name: str, B: FloatArray, *, transpose: bool = False) -> FloatArray:
        """Op(B) (K, N), packed for :meth:`run`."""
        K, N = B.shape[::-1] if transpose else B.shape
        packed = self.room(name, K, N, B.dtype)
        gemm.pack(self._level, B, transpose, packed)
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
            gemm.pack(self._level, part, transpose, packed[start : start + size])
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
        bias: FloatArray | None = None,
        accumulate: bool = False,
        transpose: bool = False,
    ) -> None:
        """``out`` = op(A) times a packed matrix, plus a bias row or plus ``out``."""
        scratch = self.scratch(out.dtype)

        def work(i: int) -> None:
            m0, m1 = self._crew.share(i, out.shape[0])
            gemm.run(self._level, A, transpose, packed, out, bias, accumulate, m0, m1, scratch[i])

        self._crew.run(work)

    def share(
        self,
        i: int,
        A: FloatArray,
        packed: FloatArray,
        out: FloatArray,
        rows: tuple[int, int],
        scratch: FloatArray,
        *,
        transpose: bool = False,
    ) -> None:
        """Thread i's share of some rows of ``out``: A times packed assigns, its transpose adds.

        To be called by the thread itself; ``scratch`` is that of the thread that runs the crew.
        """
        m0, m1 = (rows[0] + row for row in self._crew.share(i, rows[1] - rows[0]))
        gemm.run(self._level, A, transpose, packed, out, None, transpose, m0, m1, scratch[i])

    def scratch(self, dtype: np.dtype[np.floating]) -> FloatArray:
        """(n_threads, n) scratch of the product kernel, one row a thread."""
        return self._space.take("scratch", (self._crew.n_threads, gemm.SCRATCH_SIZE), dtype)
