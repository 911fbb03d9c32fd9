"""The compiled layers against NumPy, at every level, in both dtypes, for awkward sizes."""

import numpy as np
import pytest
from model_cases import LEVELS

from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.kernels import optim as kernels
from lstm_music.reference.optim import RULES, Update

SIZES = [1, 2, 7, 15, 16, 17, 33, 130]
DTYPES = ["float32", "float64"]
# Sums of a few hundred terms, each rounded at 6e-8 or 1e-16, in another order.
RTOL = {"float32": 1e-5, "float64": 1e-12}
REFERENCE = ReferenceBackend()
STEP = Update(
    g_scale=0.7, l2=0.1, rate=0.02, momentum=0.9, decay=0.99, epsilon=1e-6, v_scale=3.0,
    shrink=0.5, grow=1.2, least=0.25, most=0.9,
)  # fmt: skip


def close(actual, expected, dtype):
    scale = max(float(np.abs(expected).max()), 1e-30)
    assert float(np.abs(actual - expected).max()) <= RTOL[dtype] * scale


@pytest.fixture(params=LEVELS)
def backend(request):
    return CpuBackend(2, request.param)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("D", SIZES)
def test_embedding(backend, rng, D, dtype):
    E, dX = rng.normal(size=(9, D)).astype(dtype), rng.normal(size=(21, D)).astype(dtype)
    rows = rng.integers(0, 9, (21, 4)).astype(np.int32)
    X, expected = np.empty_like(dX), np.empty_like(dX)
    backend.embed_forward(E, rows, X)
    REFERENCE.embed_forward(E, rows, expected)
    close(X, expected, dtype)
    dE = rng.normal(size=E.shape).astype(dtype)  # += : what stands there stays
    expected = dE.copy()
    backend.embed_backward(dX, rows, dE)
    REFERENCE.embed_backward(dX, rows, expected)
    close(dE, expected, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("V", SIZES)
def test_cross_entropy(backend, rng, V, dtype):
    logits = rng.normal(0, 8, (5, V)).astype(dtype)
    logits[4] *= 100  # far beyond what exp can do without subtracting the largest
    bias = rng.normal(size=V).astype(dtype)
    targets = rng.integers(0, V, 5).astype(np.int32)
    targets[2] = -1
    expected = logits.copy()
    losses = backend.cross_entropy(logits, bias, targets, 0.125)
    expected_losses = REFERENCE.cross_entropy(expected, bias, targets, 0.125)
    close(losses, expected_losses, dtype)
    close(logits, expected, dtype) if V > 1 else np.testing.assert_array_equal(logits, 0)
    assert losses[2] == 0
    assert not logits[2].any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_cross_entropy_passes_nan_through(backend, bad):
    logits = np.zeros((1, 40), np.float32)
    logits[0, 3] = bad
    losses = backend.cross_entropy(logits, np.zeros(40, np.float32), np.zeros(1, np.int32), 1.0)
    assert np.isnan(losses).all()
    assert np.isnan(logits).any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 63, 64, 65, 1000])
def test_dropout_has_the_mask_of_the_reference(backend, rng, size, dtype):
    x = rng.normal(size=size).astype(dtype)
    expected = x.copy()
    backend.dropout(x, 0.4, 2**63 + 12345, 3)
    REFERENCE.dropout(expected, 0.4, 2**63 + 12345, 3)
    np.testing.assert_array_equal(x, expected)


def test_dropout_passes_nan_through(backend):
    x = np.full(256, np.nan, np.float32)
    backend.dropout(x, 0.5, 1, 0)
    assert np.isnan(x).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 7, 8, 33, 40_000])
def test_norm(backend, rng, size, dtype):
    g = rng.normal(size=size).astype(dtype)
    assert backend.norm(g) == pytest.approx(REFERENCE.norm(g), rel=1e-12)


def test_every_rule_has_a_kernel_and_a_reference():
    assert kernels.RULES.keys() == RULES.keys()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 7, 8, 33, 40_000])
@pytest.mark.parametrize("rule", RULES)
def test_one_step_of_a_rule(backend, rng, rule, size, dtype):
    """From any memory; for Rprop the last signs: all nine pairs of signs come up."""
    g, w, m = rng.normal(size=(3, size)).astype(dtype)
    g[::7], w[::7] = 0, 0
    m = np.sign(m) * (rng.random(size) < 0.7).astype(dtype) if rule == "rprop" else m
    v = rng.random(size).astype(dtype)
    expected = [a.copy() for a in (w, m, v)]
    backend.update(rule, w, g, m, v, STEP)
    REFERENCE.update(rule, expected[0], g, expected[1], expected[2], STEP)
    for actual, wanted in zip((w, m, v), expected):
        close(actual, wanted, dtype)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_norm_with_nan_or_infinity_is_not_finite(backend, bad):
    x = np.ones(50_000, np.float32)
    x[41_234] = bad
    assert not np.isfinite(backend.norm(x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_levels_and_threads_agree_bit_for_bit(rng, dtype):
    """Every sum has one order. Only the exponential's multiply-adds are fused where they can be."""
    E, rows = rng.normal(size=(50, 37)).astype(dtype), rng.integers(0, 50, (301, 5))
    logits = rng.normal(0, 4, (301, 71)).astype(dtype)
    flat = rng.normal(size=70_000).astype(dtype)

    def everything(engine):
        X, dE = np.empty((301, 37), dtype), np.zeros_like(E)
        engine.embed_forward(E, rows.astype(np.int32), X)
        engine.embed_backward(X, rows.astype(np.int32), dE)
        grads = logits.copy()
        targets = (np.arange(301) % 71).astype(np.int32)
        losses = engine.cross_entropy(grads, logits[0].copy(), targets, 0.1)
        sums, dropped = np.zeros(71, dtype), flat.copy()
        engine.add_rows(grads, sums)
        engine.dropout(dropped, 0.3, 9, 9)
        stepped = []
        for rule in RULES:
            w, m, v = flat.copy(), np.sign(flat[::-1]), np.abs(flat)
            engine.update(rule, w, flat, m, v, STEP)
            stepped += [w, m, v]
        return [X, dE, grads, losses, sums, dropped, *stepped, np.float64(engine.norm(flat))]

    results = {isa: [everything(CpuBackend(n, isa)) for n in (1, 2, 3)] for isa in LEVELS}
    base = results.pop("base")
    for first, *others in (base, [result for isa in results for result in results[isa]] or base):
        for other in others:
            for a, b in zip(first, other):
                np.testing.assert_array_equal(a, b)
        for a, b in zip(first, base[0]):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def f4(*shape):
    return np.zeros(shape, np.float32)


def i4(*shape, value=0):
    return np.full(shape, value, np.int32)


@pytest.mark.parametrize(
    "call",
    [
        lambda b: b.embed_forward(f4(3, 2), i4(4, 1, value=3), f4(4, 2)),
        lambda b: b.embed_forward(f4(3, 2), i4(4, 1, value=-1), f4(4, 2)),
        lambda b: b.embed_forward(f4(3, 2), i4(4, 1).astype(np.int64), f4(4, 2)),
        lambda b: b.embed_backward(f4(4, 3), i4(4, 1), f4(3, 2)),
        lambda b: b.cross_entropy(f4(2, 3), f4(3), i4(2, value=3), 1.0),
        lambda b: b.cross_entropy(f4(2, 3), f4(3), i4(3), 1.0),
        lambda b: b.cross_entropy(f4(2, 3).astype(np.float16), f4(3), i4(2), 1.0),
        lambda b: b.cross_entropy(f4(3, 2).T, f4(3), i4(2), 1.0),
        lambda b: b.add_rows(f4(2, 3), f4(2)),
        lambda b: b.norm(f4(2, 3)),
        lambda b: b.update("adam", f4(2), f4(3), f4(2), f4(2), STEP),
        lambda b: b.update("sgd", f4(2), f4(2), f4(2), np.zeros(2), STEP),
        lambda b: b.dropout(f4(4)[::2], 0.5, 0, 0),
    ],
)
@pytest.mark.parametrize("engine", [REFERENCE, CpuBackend(1)], ids=["reference", "cpu"])
def test_wrong_arguments_are_refused(engine, call):
    with pytest.raises(ShapeError):
        call(engine)


@pytest.mark.parametrize("numbers", [(1.0, 0, 0), (-0.1, 0, 0), (0.5, -1, 0), (0.5, 0, 2**32)])
def test_wrong_dropout_numbers_are_refused(numbers):
    with pytest.raises(ConfigError, match="dropout needs"):
        CpuBackend(1).dropout(f4(4), *numbers)
