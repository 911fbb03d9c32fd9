"""Matrix products in each precision, as a backend makes them.

A product in bfloat16 is that of AVX-512 BF16, bit for bit (Intel's manual, volume 2: VCVTNE2PS2BF16
and VDPBF16PS): what is multiplied has 8 bits of significand, sums are float32. The kernel is
``src/c/gemm_dots.inc``. A product by AMX is that of TDPBF16PS there: ``src/c/gemm_amx.inc``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lstm_music.types import FloatArray

_TILE = 32  # k that AMX sums up apart
_STRETCH = 1024  # k with a scale of their own
_LEAST_NORMAL = np.float32(2.0**-126)

Product = Callable[[FloatArray, FloatArray, FloatArray | float], FloatArray]
"""(A (..., K), B (K, N), start) -> start + A B (..., N)."""


def plain_product(A: FloatArray, B: FloatArray, start: FloatArray | float = 0.0) -> FloatArray:
    """Start + A B in the type of A and B."""
    total: FloatArray = start + A @ B
    return total


def bfloat16_product(A: FloatArray, B: FloatArray, start: FloatArray | float = 0.0) -> FloatArray:
    """Start + A B, A and B rounded to bfloat16; float64 is multiplied as it is.

    A sum goes through k in pairs, the odd one of a pair before the even one, and is rounded to
    float32 after each. Numbers below the smallest normal one count as zero.
    """
    if A.dtype != np.float32:
        return plain_product(A, B, start)
    a, b = _in_pairs(A, B)
    total = np.zeros((*A.shape[:-1], B.shape[1]), np.float32) + np.asarray(start, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for even in range(0, len(b), 2):
            for k in (even + 1, even):
                total = _added(total, a[..., k, None] * b[k])
    return total


def amx_product(A: FloatArray, B: FloatArray, start: FloatArray | float = 0.0) -> FloatArray:
    """Start + A B as `bfloat16_product`, but 32 k at a time.

    Their even products are summed up, and the odd ones; both sums together are added to the total.
    """
    if A.dtype != np.float32:
        return plain_product(A, B, start)
    a, b = _in_pairs(A, B)
    total = np.zeros((*A.shape[:-1], B.shape[1]), np.float32) + np.asarray(start, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, len(b), _TILE):
            sums = [np.zeros_like(total), np.zeros_like(total)]
            for k in range(first, min(first + _TILE, len(b))):
                sums[k % 2] = _added(sums[k % 2], a[..., k, None] * b[k])
            total = _added(total, _added(sums[0], sums[1].astype(np.float64)))
    return total


def _in_pairs(A: FloatArray, B: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A and B rounded to bfloat16, as float64, with a zero more where K is odd."""
    K, N = B.shape
    a, b = (rounded(x).astype(np.float64) for x in (A, B))
    a = np.concatenate([a, np.zeros((*A.shape[:-1], K % 2))], axis=-1)
    return a, np.concatenate([b, np.zeros((K % 2, N))])


def _added(total: FloatArray, more: FloatArray) -> FloatArray:
    """Their sum in float32, rounded once.

    A product of bfloat16 has 16 bits, so in float64 nothing is lost that float32 would keep.
    """
    return _flushed((_flushed(total) + more).astype(np.float32))


def int8_product(A: FloatArray, B: FloatArray, start: FloatArray | float = 0.0) -> FloatArray:
    """Start + A B as generation makes it with weights of one byte (``src/c/matvec_int8.inc``).

    Each row of A, 1,024 numbers at a time, and each column of B become whole numbers up to 127 and
    a scale; ties may go either way.
    """
    total = start + np.zeros((*A.shape[:-1], B.shape[1]), A.dtype)
    weights, b_scale = _whole(B, 0)
    for k in range(0, len(B), _STRETCH):
        a, a_scale = _whole(A[..., k : k + _STRETCH], -1)
        total = total + (a @ weights[k : k + _STRETCH]) * (a_scale * b_scale)
    return total.astype(A.dtype)


def _whole(x: FloatArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """X as whole numbers up to 127, and what they stand for, along an axis."""
    scale = np.abs(x).max(axis=axis, keepdims=True) / 127
    return np.rint(x / np.where(scale > 0, scale, 1)), scale


def rounded(x: FloatArray) -> FloatArray:
    """X (float32) in bfloat16, to the nearest, ties to even, as float32; NaN stays NaN."""
    bits = np.ascontiguousarray(_flushed(x)).view(np.uint32)
    near = bits + np.uint32(0x7FFF) + (bits >> 16 & 1)  # wraps around for some NaN, not taken
    quiet = bits | np.uint32(0x00400000)
    upper = np.where(np.isnan(x), quiet, near) & np.uint32(0xFFFF0000)
    return upper.astype(np.uint32).view(np.float32).reshape(x.shape)


def _flushed(x: FloatArray) -> FloatArray:
    """X with zeros of the same sign for what is below the smallest normal number."""
    return np.where(np.abs(x) < _LEAST_NORMAL, np.copysign(np.float32(0), x), x)


PRODUCTS: dict[str, Product] = {
    "float32": plain_product,
    "bfloat16": bfloat16_product,
    "amx": amx_product,
}
"""By the name of the precision."""
