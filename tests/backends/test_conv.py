"""Cells on maps: what the tests of all cells do not look at."""

from itertools import product

import numpy as np
import pytest
from cell_cases import MAPS, TOLERANCE, make_problem, worst_difference
from gradcheck import worst_error

from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.cells.maps import MapShape
from lstm_music.cells.registry import cell_spec
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.kernels.isa import level_names, level_ready
from lstm_music.reference.conv import dense

READY = [name for level, name in enumerate(level_names()) if level_ready(level)]
BACKENDS = ["reference", *READY]
SHAPES = {
    "one place": ("size=1,kernel=1", (3, 2, 2, 3)),
    "kernel wider than the map": ("size=4,kernel=7,padding=circular", (3, 2, 1, 2)),
    "kernel wider than the plane": ("size=3x2,kernel=5x3,padding=circular", (3, 2, 2, 1)),
    "kernel wider, zeros": ("size=2x3,kernel=3x5", (2, 2, 1, 2)),
    "panels and a rest": ("size=19,kernel=5", (3, 2, 2, 3)),
    "a small plane": ("size=4x5,kernel=3x3", (3, 2, 1, 2)),
    "a piano": ("size=88,kernel=5", (3, 2, 3, 4)),
    "a plane": ("size=12x8,kernel=3x3", (3, 2, 2, 3)),
    "blocks of the product": ("size=6,kernel=9", (2, 2, 29, 31)),  # R above LM_KC, G above LM_MC
}
"""Options, and T, B, channels in, channels."""
LARGE = {"a piano", "a plane", "blocks of the product"}  # too large for finite differences


def backend_of(name):
    return ReferenceBackend() if name == "reference" else CpuBackend(2, name)


def conv_problem(options, shape, **more):
    spec = cell_spec(f"conv-lstm:{options}")
    T, B, *channels = shape
    return make_problem(spec, (T, B, *(n * spec.maps.places for n in channels)), **more)


def everything(problem, engine):
    tape = problem.forward(engine)
    return {"S": tape.S} | problem.backward(engine, tape)


def by_definition(x, W, maps):
    """out[n, place] = sum over channels and taps of W x, one product at a time."""
    x = x.reshape(-1, *maps.size)
    W = W.reshape(len(W), len(x), *maps.kernel)
    out = np.zeros((len(W), *maps.size))
    for n, m in product(range(len(W)), range(len(x))):
        for place in product(*map(range, maps.size)):
            for tap in product(*map(range, maps.kernel)):
                there = [a + k - size // 2 for a, k, size in zip(place, tap, maps.kernel)]
                if maps.padding == "circular":
                    there = [a % size for a, size in zip(there, maps.size)]
                if all(0 <= a < size for a, size in zip(there, maps.size)):
                    out[(n, *place)] += W[(n, m, *tap)] * x[(m, *there)]
    return out.reshape(-1)


@pytest.mark.parametrize("padding", ["zeros", "circular"])
@pytest.mark.parametrize(("size", "kernel"), [((5,), (3,)), ((4, 3), (3, 5)), ((2,), (3,))])
def test_the_dense_matrix_is_the_convolution(size, kernel, padding):
    maps, rng = MapShape(size, kernel, padding), np.random.default_rng(0)
    W, x = rng.normal(size=(2, 3 * maps.taps)), rng.normal(size=3 * maps.places)
    np.testing.assert_allclose(dense(W, maps) @ x, by_definition(x, W, maps), rtol=1e-13)


@pytest.mark.parametrize("isa", READY)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", SHAPES)
def test_compiled_equals_reference(case, dtype, isa):
    problem = conv_problem(*SHAPES[case], dtype=dtype)
    expected, got = (everything(problem, e) for e in (ReferenceBackend(), CpuBackend(2, isa)))
    assert worst_difference(expected, got) < TOLERANCE[np.dtype(dtype)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", [case for case in SHAPES if case not in LARGE])
def test_gradients_match_finite_differences(case, backend):
    problem, engine = conv_problem(*SHAPES[case]), backend_of(backend)
    error, where = worst_error(
        lambda: problem.loss(engine), problem.arrays, problem.backward(engine), at_most=25
    )
    assert error < 1e-6, where


@pytest.mark.parametrize("isa", READY)
@pytest.mark.parametrize("cell", MAPS)
def test_threads_change_no_bit(cell, isa):
    problem = make_problem(cell_spec(cell), (9, 37, 30, 50), dtype="float32")
    alone = everything(problem, CpuBackend(1, isa))
    for n_threads in (2, 3, 40):  # 40: more threads than parts of the batch
        got = everything(problem, CpuBackend(n_threads, isa))
        for name, expected in alone.items():
            np.testing.assert_array_equal(got[name], expected, err_msg=f"{name} {n_threads}")


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_place_is_a_peephole_cell(backend):
    engine = backend_of(backend)
    conv = make_problem(cell_spec("conv-lstm:size=1,kernel=1"), (6, 3, 4, 7))
    plain = make_problem(cell_spec("peephole"), (6, 3, 4, 7))
    assert worst_difference(everything(conv, engine), everything(plain, engine)) < 1e-13


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("options", "turn"), [("size=12,kernel=5", 5), ("size=4x6,kernel=3x3", (1, 4))]
)
def test_a_circular_map_has_no_beginning(options, turn, backend):
    """What enters some places further round comes out as many places further round."""
    problem = conv_problem(f"{options},padding=circular", (5, 2, 2, 3))
    engine, size = backend_of(backend), problem.spec.maps.size
    axes = tuple(range(-len(size), 0))

    def turned(x):
        maps = x.reshape(*x.shape[:-1], -1, *size)
        return np.roll(maps, turn, axes if len(size) > 1 else -1).reshape(x.shape)

    S = problem.forward(engine).S
    for name in ("X", "s0", "p"):
        problem.arrays[name] = turned(problem.arrays[name])
    np.testing.assert_allclose(problem.forward(engine).S, turned(S), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("isa", READY)  # the reference's dense matrix has zeros times NaN
def test_nan_goes_as_far_as_the_kernel_sees(isa):
    problem = conv_problem("size=4x5,kernel=3x3", (3, 3, 2, 2), ragged=False)
    engine = CpuBackend(2, isa)
    problem.arrays["X"][0, 1, 0] = np.nan  # a corner
    tape = problem.forward(engine)
    seen = np.isnan(tape.y.reshape(3, 3, 2, 4, 5))
    assert not seen[:, [0, 2]].any()
    for t in range(3):
        reach = t + 2
        expected = np.zeros((4, 5), bool)
        expected[:reach, :reach] = True
        np.testing.assert_array_equal(seen[t, 1], [expected] * 2)
    assert np.isnan(problem.backward(engine, tape)["W"]).any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_arrays_that_do_not_fit_the_map_are_refused(backend):
    problem = make_problem(cell_spec("conv-lstm:size=4"), (3, 2, 8, 12), dtype="float32")
    good = problem.arrays
    for name, array, message in (
        ("X", np.zeros((3, 2, 9), np.float32), "input size must be a multiple of 4, got 9"),
        ("W", np.zeros((12, 8), np.float32), r"W must have shape \(12, 6\)"),
        ("U", np.zeros((12, 12), np.float32), "shape"),
        ("U", np.zeros((12, 1), np.float32), "shape"),
        ("b", np.zeros(48, np.float32), r"b must have shape \(12,\)"),
    ):
        problem.arrays = good | {name: array}
        with pytest.raises(ShapeError, match=message):
            problem.forward(backend_of(backend))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("size=4,kernel=2", "needs an odd number of taps along each axis, at most 7; got 2"),
        ("size=4,kernel=9", "at most 7; got 9"),
        ("size=4x2,kernel=3", "at most 7x3; got 3"),
        ("size=4,kernel=3x3", "got 3x3"),
        ("size=4x4x4", "size = N or NxN"),
        ("size=0", "size cannot be '0'"),
        ("padding=same", "padding = zeros or circular"),
    ],
)
def test_maps_that_cannot_be_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        cell_spec(f"conv-lstm:{options}")


def test_a_map_shape_checks_itself():
    for bad in (((), ()), ((1, 1, 1), (1, 1, 1)), ((0,), (1,))):
        with pytest.raises(ConfigError, match="one or two axes"):
            MapShape(*bad)
    with pytest.raises(ConfigError, match="padding must be one of zeros, circular"):
        MapShape((3,), (1,), "same")
