"""All backends, levels and thread counts compute the same thing."""

import inspect

import numpy as np
import pytest
from cell_cases import TOLERANCE, VARIANTS, make_problem, worst_difference

from lstm_music.backends.base import Backend
from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.cells.registry import cell_names, cell_spec
from lstm_music.kernels.isa import level_names, level_ready

READY = [name for level, name in enumerate(level_names()) if level_ready(level)]
DTYPES = ("float32", "float64")
# B above a tile's height, H above a panel, D above a block of k, T·B over several chunks of the
# backward pass (the last in part), steps taken together; a prime here and there.
SHAPES = ((5, 3, 4, 7), (1, 1, 1, 1), (4, 33, 600, 97), (70, 17, 5, 9))
CASES = [(cell, shape) for cell in cell_names() for shape in SHAPES]
CASES += [(cell, SHAPES[0]) for cell in VARIANTS if ":" in cell]


def everything(problem, engine):
    tape = problem.forward(engine)
    return {"S": tape.S} | problem.backward(engine, tape)


@pytest.mark.parametrize("isa", READY)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("cell", "shape"), CASES)
def test_compiled_equals_reference(cell, shape, dtype, isa):
    problem = make_problem(cell_spec(cell), shape, dtype=dtype)
    expected = everything(problem, ReferenceBackend())
    got = everything(problem, CpuBackend(2, isa))
    growth = max(1, shape[0] / 20)  # rounding is carried on: niaf, which nothing bounds, shows it
    assert worst_difference(expected, got) < TOLERANCE[np.dtype(dtype)] * growth


@pytest.mark.parametrize("isa", READY)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", cell_names())
def test_threads_change_no_bit(cell, dtype, isa):
    problem = make_problem(cell_spec(cell), (40, 29, 33, 35), dtype=dtype)
    alone = everything(problem, CpuBackend(1, isa))
    for n_threads in (2, 3, 5, 40):  # 40: more threads than rows
        got = everything(problem, CpuBackend(n_threads, isa))
        for name, expected in alone.items():
            np.testing.assert_array_equal(got[name], expected, err_msg=f"{name} {n_threads}")


@pytest.mark.skipif("v4" not in READY, reason="needs AVX-512 to compare with AVX2")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", cell_names())
def test_avx2_and_avx512_agree_bit_for_bit(cell, dtype):
    problem = make_problem(cell_spec(cell), (40, 29, 33, 35), dtype=dtype)
    v3, v4 = (everything(problem, CpuBackend(1, isa)) for isa in ("v3", "v4"))
    for name, expected in v3.items():
        np.testing.assert_array_equal(v4[name], expected, err_msg=name)


def test_a_call_leaves_nothing_behind_for_the_next():
    """Scratch memory is reused; a big problem before must not show in a small one."""
    engine = CpuBackend(2)
    small = make_problem(cell_spec("lstm"), (3, 2, 4, 5))
    expected = everything(small, engine)
    everything(make_problem(cell_spec("lstm"), (20, 17, 33, 65)), engine)
    for name, value in everything(small, engine).items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


@pytest.mark.parametrize("isa", READY)
@pytest.mark.parametrize("cell", [c for c in cell_names() if not cell_spec(c).maps])  # test_conv.py
def test_nan_passes_through_and_stays_in_its_row(cell, isa):
    problem = make_problem(cell_spec(cell), (6, 5, 4, 9), dtype="float32", ragged=False)
    clean = problem.forward(CpuBackend(2, isa))
    problem.arrays["X"][2, 3, 1] = np.nan
    tape = problem.forward(CpuBackend(2, isa))
    assert np.isnan(tape.S[3:, :, 3]).all()
    others = [0, 1, 2, 4]
    np.testing.assert_array_equal(tape.S[:, :, others], clean.S[:, :, others])
    grads = problem.backward(CpuBackend(2, isa), tape)
    assert np.isnan(grads["W"]).any() and np.isnan(grads["b"]).any()


def test_several_python_threads_may_share_a_backend():
    from concurrent.futures import ThreadPoolExecutor

    engine = CpuBackend(2)
    problems = [make_problem(cell_spec("lstm"), (20, 9, 5, 33), seed=s) for s in range(4)]
    expected = [everything(problem, engine) for problem in problems]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda p: everything(p, engine), problems * 5))
    for i, result in enumerate(got):
        for name, value in result.items():
            np.testing.assert_array_equal(value, expected[i % 4][name])


@pytest.mark.parametrize("engine", [CpuBackend, ReferenceBackend])
def test_backends_offer_the_protocol(engine):
    """Same methods, parameter names, defaults and types as the protocol."""
    for name, wanted in inspect.getmembers(Backend, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(getattr(engine, name)) == inspect.signature(wanted), name
