"""The matrix product of every backend and level."""

import numpy as np
import pytest

from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.errors import ShapeError
from lstm_music.kernels.isa import level_names, level_ready

READY = [name for level, name in enumerate(level_names()) if level_ready(level)]
RTOL = {"float32": 2e-6, "float64": 1e-14}  # times sqrt(K): sums of K terms of size 1
# Around a tile (1..14 rows), a panel (8..32 columns), a block of rows (112) and of k (256).
SHAPES = (
    [(m, 33, 19) for m in range(1, 17)]
    + [(5, n, 7) for n in (1, 7, 8, 15, 16, 31, 32, 63, 64, 65)]
    + [(3, 9, k) for k in (1, 255, 256, 257, 513)]
    + [(111, 40, 20), (112, 40, 20), (113, 40, 300), (250, 70, 600)]
)


def operands(M, N, K, dtype, transpose_a=False, transpose_b=False):
    rng = np.random.default_rng(M + 1000 * N + K)
    A = rng.normal(size=(K, M) if transpose_a else (M, K)).astype(dtype)
    B = rng.normal(size=(N, K) if transpose_b else (K, N)).astype(dtype)
    exact = (A.T if transpose_a else A).astype(float) @ (B.T if transpose_b else B).astype(float)
    return A, B, exact


@pytest.mark.parametrize("isa", READY)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("transpose_a", [False, True])
def test_products_of_every_shape(transpose_a, transpose_b, dtype, isa):
    engine = CpuBackend(2, isa)
    for M, N, K in SHAPES:
        A, B, exact = operands(M, N, K, dtype, transpose_a, transpose_b)
        flags = {"transpose_a": transpose_a, "transpose_b": transpose_b}
        out = np.full((M, N), np.nan, dtype)  # nothing of it may survive
        engine.matmul(A, B, out, **flags)
        atol = RTOL[dtype] * np.sqrt(K)
        np.testing.assert_allclose(out, exact, rtol=0, atol=atol * 3, err_msg=f"{M} {N} {K}")
        engine.matmul(A, B, out, accumulate=True, **flags)
        np.testing.assert_allclose(out, 2 * exact, rtol=0, atol=atol * 6)


@pytest.mark.parametrize("isa", READY)
def test_an_element_does_not_depend_on_its_neighbours(isa):
    """A row computed alone, in a short tile, has the bits it has in the full product."""
    A, B, _ = operands(61, 45, 600, "float32")
    whole, alone = np.empty((61, 45), np.float32), np.empty((1, 45), np.float32)
    engine = CpuBackend(1, isa)
    engine.matmul(A, B, whole)
    for row in range(61):
        engine.matmul(A[row : row + 1], B, alone)
        np.testing.assert_array_equal(alone[0], whole[row])
    narrow = np.empty((61, 1), np.float32)
    engine.matmul(A, np.ascontiguousarray(B[:, 44:]), narrow)
    np.testing.assert_array_equal(narrow[:, 0], whole[:, 44])


def test_infinity_and_nan_come_through():
    A, B, _ = operands(9, 20, 30, "float32")
    A[2, 3], A[4, 5] = np.nan, np.inf
    out = np.empty((9, 20), np.float32)
    CpuBackend(1).matmul(A, B, out)
    assert np.isnan(out[2]).all()
    assert np.isinf(out[4]).all()
    assert np.isfinite(np.delete(out, [2, 4], axis=0)).all()


@pytest.mark.parametrize("engine", [CpuBackend(1), ReferenceBackend()], ids=["cpu", "reference"])
def test_bad_operands_are_refused(engine):
    A, B, _ = operands(4, 5, 6, "float32")
    out = np.empty((4, 5), np.float32)
    with pytest.raises(ShapeError, match="B must have shape"):
        engine.matmul(A, B, out, transpose_b=True)
    with pytest.raises(ShapeError, match="out must have shape"):
        engine.matmul(A, B, np.empty((5, 4), np.float32))
    with pytest.raises(ShapeError, match="C-contiguous"):
        engine.matmul(np.asfortranarray(A), B, out)
    with pytest.raises(ShapeError, match="float32 like"):
        engine.matmul(A, B.astype(float), out)
    with pytest.raises(ShapeError, match="overlap"):
        square = np.zeros((4, 4), np.float32)
        engine.matmul(square, square, square)
    out.flags.writeable = False
    with pytest.raises(ShapeError, match="writable"):
        engine.matmul(A, B, out)
    engine.matmul(A, B, np.empty((4, 5), np.float32))
