"""Products by kernels of our own: a CUDA graph may hold them, which CuPy refuses with cuBLAS.

An element of the result depends on the sizes of its own row and column alone, so a batch row has
the same bits whatever is beside it.
"""

from __future__ import annotations

import numpy as np

from lstm_music.backends.gpu.device import Array, Device, Product

_SIDE = 16
_WIDE = 1024
"""Columns from which a block takes 64 of them; with fewer it takes 16, so that there are enough
blocks."""


def own_product(
    device: Device,
    A: Array,
    B: Array,
    out: Array,
    *,
    accumulate: bool = False,
    transpose_b: bool = False,
) -> Product:
    """:meth:`Device.prepared_product` without cuBLAS: float32 is multiplied as float32."""
    (M, N), K, dtype = out.shape, A.shape[1], out.dtype
    if not (M and N and K):
        return lambda _a, _out: None
    columns = 64 if N >= _WIDE else 16
    kernel = device.kernel("products", f"product_{columns}", dtype)
    grid = -(-N // columns), -(-M // _SIDE)
    lda, ldb, ldc = (np.int64(max(x.strides[0] // x.itemsize, x.shape[1])) for x in (A, B, out))
    sizes, flags = map(np.int64, (M, N, K)), map(np.int32, (transpose_b, accumulate))
    m, n, k = sizes
    transposed, adds = flags
    a, c, size = A.data.ptr, out.data.ptr, dtype.itemsize

    def run(further_a: int, further_out: int) -> None:
        at, to = np.uint64(a + further_a * size), np.uint64(c + further_out * size)
        kernel(
            grid, (_SIDE, _SIDE), (m, n, k, at, lda, B, ldb, to, ldc, transposed, adds)
        )  # fmt: skip

    return run
