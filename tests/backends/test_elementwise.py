"""Cells without a recurrent matrix: each unit goes its own way, and nothing divides by zero."""

import numpy as np
import pytest
from cell_cases import make_problem

from lstm_music.backends.base import Backend
from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.cells.registry import cell_names, cell_spec
from lstm_music.errors import ShapeError
from lstm_music.kernels.isa import level_names, level_ready
from lstm_music.nn import cell

READY = [name for level, name in enumerate(level_names()) if level_ready(level)]
BACKENDS = ["reference", *READY]
CELLS = [name for name in cell_names() if cell_spec(name).gates_u == 0]
SHAPE = (12, 3, 4, 7)


def backend_of(name: str) -> Backend:
    return ReferenceBackend() if name == "reference" else CpuBackend(2, name)


def test_there_are_four():
    assert CELLS == ["minlstm", "mingru", "sru", "indrnn"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CELLS)
def test_no_unit_sees_another(name, backend):
    problem = make_problem(cell_spec(name), SHAPE)
    engine = backend_of(backend)
    before = problem.forward(engine).S
    problem.arrays["s0"][..., 2] += 1
    after = problem.forward(engine).S
    others = np.arange(SHAPE[3]) != 2
    np.testing.assert_array_equal(after[..., others], before[..., others])
    assert (after[1, ..., 2] != before[1, ..., 2]).any()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CELLS)
def test_weights_between_units_are_refused(name, backend):
    problem = make_problem(cell_spec(name), SHAPE)
    H = SHAPE[3]
    problem.arrays["U"] = np.zeros((H, H))
    with pytest.raises(ShapeError, match="U must have shape"):
        problem.forward(backend_of(backend))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_two_closed_gates_of_minlstm_are_shared_out(backend, dtype):
    """Both sigmoids are 0 in every bit, their quotient is not."""
    problem = make_problem(cell_spec("minlstm"), SHAPE, dtype=dtype, ragged=False)
    H, a = SHAPE[3], problem.arrays
    a["W"][...] = 0
    a["b"][:H], a["b"][H : 2 * H], a["b"][2 * H :] = -2000, -2001, 1
    tape = problem.forward(backend_of(backend))
    f = 1 / (1 + np.e)
    np.testing.assert_allclose(tape.y[0], f * a["s0"][0] + (1 - f), rtol=1e-4)
    assert all(np.isfinite(g).all() for g in problem.backward(backend_of(backend)).values())


def test_independent_units_start_with_memories_of_all_lengths():
    p = cell.make("indrnn", input_size=3, hidden_size=400).params["p"]
    assert (p.min(), p.max()) == pytest.approx((0, 1), abs=0.02)
    assert p.mean() == pytest.approx(0.5, abs=0.05)
