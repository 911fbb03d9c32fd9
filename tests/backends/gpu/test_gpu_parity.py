"""The GPU backend on the stand-in for CuPy: its own kernels, compiled as C++, against NumPy."""

import inspect

import numpy as np
import pytest
from cell_cases import (
    MAPS,
    VARIANTS,
    ZONED,
    make_problem,
    placed_on,
    results,
    worst_difference,
    zoned,
)

from lstm_music.backends.base import Backend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.backends.registry import get_backend
from lstm_music.cells.registry import cell_spec

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
ODD = (5, 3, 4, 7)


@pytest.fixture
def gpu(cupy):
    return get_backend("gpu")


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("cell", [*VARIANTS, *ZONED, *MAPS])
def test_every_cell_equals_the_reference_forward_and_backward(cell, dtype, gpu):
    problem = make_problem(cell_spec(cell), ODD, dtype=dtype)
    problem.mask_key = (3, 1 << 16)
    expected = results(problem, ReferenceBackend())
    assert worst_difference(expected, results(problem, gpu)) < TOLERANCE[dtype]


@pytest.mark.parametrize("cell", ["lstm", "gru", "layernorm-lstm"])
def test_zoneout_without_masks_is_the_mean(cell, gpu):
    problem = make_problem(cell_spec(zoned(cell)), ODD)
    assert problem.mask_key is None
    assert worst_difference(results(problem, ReferenceBackend()), results(problem, gpu)) < 1e-10


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (4, 2, 9, 150)])
@pytest.mark.parametrize("cell", ["lstm", "gru", "layernorm-lstm", "fgr"])
def test_one_unit_and_more_units_than_a_block_has_threads(cell, shape, gpu):
    problem = make_problem(cell_spec(cell), shape)
    assert worst_difference(results(problem, ReferenceBackend()), results(problem, gpu)) < 1e-10


def test_more_units_than_the_threads_of_a_batch_row(gpu):
    problem = make_problem(cell_spec("layernorm-lstm"), (2, 2, 3, 300))
    assert worst_difference(results(problem, ReferenceBackend()), results(problem, gpu)) < 1e-10


@pytest.mark.parametrize("cell", ["lstm", "gru", "conv-lstm:size=2,kernel=3", "minlstm"])
def test_tokens_equal_the_reference(cell, gpu):
    spec, rng = cell_spec(cell), np.random.default_rng(0)
    problem = make_problem(spec, (6, 3, 4, 8))
    E = rng.normal(size=(11, problem.arrays["X"].shape[2]))
    tokens = rng.integers(0, 11, (6, 3, 2)).astype(np.int32)

    def run(engine):
        placed = placed_on(engine, problem)
        a, table = placed.arrays, engine.to_device(E)
        tape = engine.token_forward(
            spec, table, tokens, a["W"], a["U"], a["b"], a.get("p"), a["s0"], problem.lengths
        )
        grads = {n: engine.to_device(np.ones_like(problem.arrays[n])) for n in a if n in "WUbp"}
        grads["E"] = engine.to_device(np.ones_like(E))
        ds0 = engine.token_backward(
            spec, placed.dy, None, tape, table, tokens, a["W"], a["U"], a.get("p"), grads,
            problem.lengths,
        )  # fmt: skip
        return {n: engine.to_host(x) for n, x in (grads | {"S": tape.S, "ds0": ds0}).items()}

    assert worst_difference(run(ReferenceBackend()), run(gpu)) < 1e-10


def test_a_tape_may_be_used_again(gpu):
    problem = placed_on(gpu, make_problem(cell_spec("lstm"), ODD))
    tape = problem.forward(gpu)
    first = gpu.to_host(tape.S)
    problem.arrays["X"] *= 2.0
    assert problem.forward(gpu, out=tape) is tape
    assert not np.array_equal(gpu.to_host(tape.S), first)


def test_what_a_call_returns_is_not_touched_by_the_next(gpu):
    problem = placed_on(gpu, make_problem(cell_spec("lstm"), ODD))
    tape = problem.forward(gpu)
    first = problem.backward(gpu, tape)
    before = {name: gpu.to_host(array) for name, array in first.items()}
    problem.dy *= 3.0
    second = problem.backward(gpu, tape)
    for name, value in before.items():
        np.testing.assert_array_equal(gpu.to_host(first[name]), value, err_msg=name)
        assert not np.array_equal(gpu.to_host(second[name]), value)


def test_the_same_call_gives_the_same_bits(gpu):
    problem = make_problem(cell_spec("peephole"), (9, 5, 6, 33), dtype="float32")
    once, again = results(problem, gpu), results(problem, gpu)
    for name, value in once.items():
        np.testing.assert_array_equal(again[name], value, err_msg=name)


def test_no_sequence_waits_for_the_device(gpu, cupy, monkeypatch):
    problem = placed_on(gpu, make_problem(cell_spec("lstm"), ODD))
    waits = []
    monkeypatch.setattr(cupy.ndarray, "get", lambda self: waits.append(1) or self._held.copy())
    problem.backward(gpu, problem.forward(gpu))
    assert not waits


def test_nan_passes_through_and_stays_in_its_row(gpu):
    problem = make_problem(cell_spec("layernorm-lstm"), (4, 3, 2, 5), ragged=False)
    problem.arrays["X"][1, 1, 0] = np.nan
    S = gpu.to_host(placed_on(gpu, problem).forward(gpu).S)
    assert np.isnan(S[2:, :, 1]).all()
    assert np.isfinite(S[:, :, [0, 2]]).all()


def test_it_offers_the_protocol():
    """Same methods, parameter names, defaults and types as the protocol."""
    from lstm_music.backends.gpu.backend import GpuBackend

    for name, wanted in inspect.getmembers(Backend, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(getattr(GpuBackend, name)) == inspect.signature(wanted), name
