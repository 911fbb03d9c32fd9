"""The functions of src/c/cell_math.h: accuracy, edges, the same bits on every level."""

import numpy as np
import pytest

from lstm_music.kernels import maps
from lstm_music.kernels.isa import level_names, level_ready
from lstm_music.kernels.pool import ThreadPool
from lstm_music.reference import math

READY = [level for level in range(len(level_names())) if level_ready(level)]
ULP = 3  # at most, in float32; 2.5 was measured for tanh, 2.4 for sigmoid
RELATIVE_F64 = 1e-15
FUNCTIONS = ["sigmoid", "tanh", "log_sigmoid", "exp_below"]


def apply(function: str, x: np.ndarray, level: int = READY[-1]) -> np.ndarray:
    y = np.empty_like(x)
    getattr(maps, function)(level, x, y)
    return y


EXACT = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "log_sigmoid": lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))),
    "exp_below": np.exp,
}


def exact(function: str, x: np.ndarray) -> np.ndarray:
    return EXACT[function](x.astype(np.longdouble))


def grid(dtype: str, function: str = "") -> np.ndarray:
    """All magnitudes from the tiniest to where the functions are flat, both signs or one."""
    rng = np.random.default_rng(0)
    lowest = {"float32": -37, "float64": -300}[dtype]
    sizes = np.concatenate([10 ** rng.uniform(lowest, 0, 20_000), rng.uniform(0, 20, 60_000)])
    x = np.concatenate([sizes, -sizes, rng.uniform(-86, -20, 10_000)])
    return (-np.abs(x) if function == "exp_below" else x).astype(dtype)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_float32_is_right_to_a_few_ulp(function):
    x = grid("float32", function)
    true = exact(function, x)
    ulps = np.abs(apply(function, x) - true) / np.spacing(np.abs(true).astype(np.float32))
    assert ulps.max() < ULP


@pytest.mark.parametrize("function", FUNCTIONS)
def test_float64_is_right_to_1e_15(function):
    x = grid("float64", function)
    true = exact(function, x)
    assert np.abs(apply(function, x) / true - 1).max() < RELATIVE_F64


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_levels_with_fused_multiply_add_give_the_same_bits(function, dtype):
    edges = [np.nan, -np.inf, 0, -0.0] + [np.inf] * (function != "exp_below")
    x = np.concatenate([grid(dtype, function), np.array(edges, dtype)])
    base, *fused = (apply(function, x, level) for level in READY)
    for y in fused:
        np.testing.assert_array_equal(y.view(np.uint8), fused[0].view(np.uint8))
        np.testing.assert_allclose(y, base, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("level", READY)
def test_edges(dtype, level):
    big = np.finfo(dtype).max
    x = np.array([np.nan, np.inf, -np.inf, big, -big, 0.0, -0.0], dtype)
    np.testing.assert_array_equal(apply("tanh", x, level), [np.nan, 1, -1, 1, -1, 0, 0])
    assert np.signbit(apply("tanh", x, level)[6])
    np.testing.assert_array_equal(apply("sigmoid", x, level), [np.nan, 1, 0, 1, 0, 0.5, 0.5])
    logs = apply("log_sigmoid", x, level)
    np.testing.assert_array_equal(logs[:5], [np.nan, 0, -np.inf, 0, -big])
    np.testing.assert_allclose(logs[5:], np.log(0.5), rtol=2 * np.finfo(dtype).eps)
    below = np.array([np.nan, -np.inf, -big, 0.0, -0.0], dtype)
    np.testing.assert_array_equal(apply("exp_below", below, level), [np.nan, 0, 0, 1, 1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_outputs_never_leave_the_range_and_rise(function, dtype):
    x = np.linspace(-30, 0 if function == "exp_below" else 30, 20_001).astype(dtype)
    y = apply(function, x)
    low, high = {"tanh": (-1, 1), "log_sigmoid": (-31, 0)}.get(function, (0, 1))
    assert low <= y.min() and y.max() <= high
    # A last bit may fall, no more.
    assert np.diff(y).min() >= -2 * np.finfo(dtype).eps


@pytest.mark.parametrize("length", range(1, 40))
def test_any_length_leaves_the_rest_alone(length):
    x = np.linspace(-3, 3, length).astype(np.float32)
    for level in READY:
        y = np.full(length + 3, 7, np.float32)
        maps.tanh(level, x, y)
        np.testing.assert_allclose(y[:length], np.tanh(x), rtol=5e-7)
        assert (y[length:] == 7).all()


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_add_rows_adds_to_what_is_there(dtype, n_threads):
    x = np.random.default_rng(0).normal(size=(50, 37)).astype(dtype)
    for level in READY:
        sums = np.ones(37, dtype)
        maps.add_rows(level, ThreadPool(n_threads), x, sums)
        np.testing.assert_allclose(sums, 1 + x.sum(axis=0), rtol=1e-4)


@pytest.mark.parametrize("function", sorted({*FUNCTIONS} - {"exp_below"}))  # NumPy has it
def test_reference_agrees_and_never_overflows(function):
    x = np.concatenate([grid("float64"), [np.nan, np.inf, -np.inf]])
    np.testing.assert_allclose(getattr(math, function)(x), apply(function, x), rtol=1e-14)
