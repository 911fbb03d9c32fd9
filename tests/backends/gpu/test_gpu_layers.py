"""The layers and optimisers of the GPU backend against NumPy, and against the CPU's own."""

import numpy as np
import pytest

from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.backends.registry import get_backend
from lstm_music.reference.optim import RULES, Update

CLOSE = {"float32": 1e-5, "float64": 1e-10}


@pytest.fixture
def gpu(cupy):
    return get_backend("gpu")


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def both(call, gpu, *arrays):
    """What a call changes its arrays into, and returns, on the reference and on the GPU."""
    results = []
    for engine in (ReferenceBackend(), gpu):
        placed = [engine.to_device(x.copy()) if x.dtype.kind == "f" else x for x in arrays]
        returned = call(engine, *placed)
        changed = [
            engine.to_host(x) for x in placed if not isinstance(x, np.ndarray) or engine is not gpu
        ]
        results.append((returned, [x for x in changed if x.dtype.kind == "f"]))
    return results


@pytest.mark.parametrize("dtype", CLOSE)
def test_embedding_and_its_gradient(dtype, gpu, rng):
    E = rng.normal(size=(13, 37)).astype(dtype)
    rows = rng.integers(0, 12, (50, 3)).astype(np.int32)  # row 12 is named by none
    X, dE = np.empty((50, 37), dtype), np.ones_like(E)
    for call, arrays in (
        (lambda engine, *a: engine.embed_forward(a[0], a[1], a[2]), (E, rows, X)),
        (lambda engine, *a: engine.embed_backward(a[0], a[1], a[2]), (E[rows].sum(1), rows, dE)),
    ):
        (_, expected), (_, got) = both(call, gpu, *arrays)
        np.testing.assert_allclose(got[-1], expected[-1], rtol=CLOSE[dtype], atol=CLOSE[dtype])


# Without the largest taken off, exp overflows, or all are 0.
@pytest.mark.parametrize(("mean", "deviation"), [(0, 3), (0, 500), (-2000, 3)])
@pytest.mark.parametrize("dtype", CLOSE)
def test_cross_entropy(dtype, mean, deviation, gpu, rng):
    logits, bias = (
        rng.normal(mean, deviation, (9, 301)).astype(dtype),
        rng.normal(size=301).astype(dtype),
    )
    targets = rng.integers(0, 301, 9).astype(np.int32)
    targets[4] = -1
    (nll, expected), (got_nll, got) = both(
        lambda engine, x, b, t: engine.cross_entropy(x, b, t, 0.25), gpu, logits, bias, targets
    )
    np.testing.assert_allclose(got_nll, nll, rtol=CLOSE[dtype])
    assert got_nll[4] == 0 and not got[0][4].any()
    np.testing.assert_allclose(got[0], expected[0], atol=CLOSE[dtype])


def test_cross_entropy_passes_nan_on(gpu):
    logits = np.zeros((1, 40))
    logits[0, 3] = np.nan
    nll = gpu.cross_entropy(
        gpu.to_device(logits), gpu.to_device(np.zeros(40)), np.array([1], np.int32), 1.0
    )
    assert np.isnan(nll).all()


@pytest.mark.parametrize("n", [1, 63, 1000])
def test_the_masks_of_dropout_are_the_cpus(n, gpu):
    key, stream = 0x1234_5678_9ABC_DEF0, 3
    mine, theirs = gpu.to_device(np.ones(n, np.float32)), np.ones(n, np.float32)
    gpu.dropout(mine, 0.3, key, stream)
    CpuBackend(1).dropout(theirs, 0.3, key, stream)
    np.testing.assert_array_equal(gpu.to_host(mine), theirs)


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("rule", RULES)
def test_every_optimiser(rule, dtype, gpu, rng):
    step = Update(
        g_scale=0.5, l2=0.01, rate=0.1, momentum=0.9, decay=0.99, epsilon=1e-8, v_scale=1.5,
        shrink=0.5, grow=1.2, least=1e-3, most=1e3,
    )  # fmt: skip
    w, g, m, v = (rng.normal(size=301).astype(dtype) for _ in range(4))
    arrays = (w, g, np.sign(m) if rule == "rprop" else m, np.abs(v))
    (_, expected), (_, got) = both(lambda engine, *a: engine.update(rule, *a, step), gpu, *arrays)
    for mine, theirs in zip(got, expected):
        np.testing.assert_allclose(mine, theirs, rtol=CLOSE[dtype], atol=CLOSE[dtype])


def test_norm_and_column_sums(gpu, rng):
    x, sums = rng.normal(size=(70, 45)), rng.normal(size=45)
    flat = gpu.to_device(x.reshape(-1))
    assert gpu.norm(flat) == pytest.approx(np.linalg.norm(x), rel=1e-14)
    total = gpu.to_device(sums)
    gpu.add_rows(gpu.to_device(x), total)
    np.testing.assert_allclose(gpu.to_host(total), sums + x.sum(0), rtol=1e-13)


def test_the_norm_of_more_than_the_threads_of_a_launch(gpu, rng):
    x = rng.normal(size=300_000)
    assert gpu.norm(gpu.to_device(x)) == pytest.approx(np.linalg.norm(x), rel=1e-14)


@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("accumulate", [False, True])
def test_products(transposed, accumulate, gpu, rng):
    A, B, C = rng.normal(size=(5, 7)), rng.normal(size=(7, 3)), rng.normal(size=(5, 3))
    given = [np.ascontiguousarray(M.T if flip else M) for M, flip in zip((A, B), transposed)]
    out = gpu.to_device(C)
    gpu.matmul(
        *map(gpu.to_device, given), out, accumulate=accumulate,
        transpose_a=transposed[0], transpose_b=transposed[1],
    )  # fmt: skip
    np.testing.assert_allclose(gpu.to_host(out), A @ B + (C if accumulate else 0), rtol=1e-13)


@pytest.mark.parametrize(
    ("precision", "least", "most"), [("tf32", 1e-5, 1e-3), ("bfloat16", 1e-4, 1e-2)]
)
def test_a_precision_is_that_of_the_products(precision, least, most, cupy, rng):
    A, B = (rng.normal(size=(64, 64)).astype(np.float32) for _ in range(2))
    engine = get_backend("gpu", precision=precision)
    out = engine.to_device(np.empty((64, 64), np.float32))
    engine.matmul(engine.to_device(A), engine.to_device(B), out)
    error = np.abs(engine.to_host(out) - A @ B).max() / np.abs(A @ B).max()
    assert least < error < most
