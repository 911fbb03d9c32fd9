"""Every gradient of every cell against finite differences, on every backend and level."""

import numpy as np
import pytest
from cell_cases import SHAPES, VARIANTS, make_problem
from gradcheck import worst_error

from lstm_music.backends.base import Backend
from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.cells.registry import cell_names, cell_spec
from lstm_music.kernels.isa import level_names, level_ready

WORST = 1e-6  # 4th-order differences are good to 1e-9 here; a wrong sign gives 1
LEAST_UNITS = {"layernorm-lstm": 3}  # normalised over one unit, everything is zero
READY = [name for level, name in enumerate(level_names()) if level_ready(level)]
CASES = [(cell, shape) for cell in cell_names() for shape in SHAPES]
CASES += [(cell, "small") for cell in VARIANTS if ":" in cell]
BACKENDS = ["reference", *READY]


def backend_of(name: str) -> Backend:
    return ReferenceBackend() if name == "reference" else CpuBackend(2, name)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("cell", "shape"), CASES)
def test_gradients_match_finite_differences(cell, shape, backend):
    engine = backend_of(backend)
    T, B, D, H = SHAPES[shape]
    problem = make_problem(cell_spec(cell), (T, B, D, max(H, LEAST_UNITS.get(cell, 1))))
    error, where = worst_error(
        lambda: problem.loss(engine),
        problem.arrays,
        problem.backward(engine),
        # All of them once; test_backend_parity.py compares every element of the others.
        at_most=None if backend == "v3" and cell == "lstm" else 40,
    )
    assert error < WORST, where


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cell", cell_names())
def test_chunks_equal_the_whole(cell, backend):
    """Two calls that hand the state on (and its gradient back) equal one call."""
    engine, cut = backend_of(backend), 4
    whole = make_problem(cell_spec(cell), (9, 3, 4, 7))
    expected, tape = whole.backward(engine), whole.forward(engine)

    head, tail = make_problem(whole.spec, (9, 3, 4, 7)), make_problem(whole.spec, (9, 3, 4, 7))
    for part, steps in ((head, slice(0, cut)), (tail, slice(cut, 9))):
        part.arrays["X"], part.dy = whole.arrays["X"][steps], whole.dy[steps]
        part.lengths = np.clip(whole.lengths - steps.start, 0, steps.stop - steps.start)
    head_tape = head.forward(engine)
    tail.arrays["s0"] = head_tape.last
    tail_tape = tail.forward(engine)
    tail_grads = tail.backward(engine, tail_tape)
    head.ds_last = tail_grads["s0"]
    head_grads = head.backward(engine, head_tape)

    np.testing.assert_array_equal(np.concatenate([head_tape.y, tail_tape.y]), tape.y)
    np.testing.assert_array_equal(tail_tape.last, tape.last)
    for name in expected.keys() - {"X", "s0"}:
        total = head_grads[name] + tail_grads[name]
        np.testing.assert_allclose(total, expected[name], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(head_grads["s0"], expected["s0"], rtol=1e-11, atol=1e-13)
    dX = np.concatenate([head_grads["X"], tail_grads["X"]])
    np.testing.assert_allclose(dX, expected["X"], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("cell", cell_names())
def test_parameter_gradients_accumulate(cell):
    """What stands in grads is added to, not overwritten."""
    problem = make_problem(cell_spec(cell), (3, 2, 4, 5))
    for engine in (ReferenceBackend(), CpuBackend(1)):
        tape, a = problem.forward(engine), problem.arrays
        fresh = problem.backward(engine, tape)
        grads = {name: np.ones_like(a[name]) for name in ("W", "U", "b", "p") if name in a}
        engine.sequence_backward(
            problem.spec, problem.dy, problem.ds_last, tape,
            a["X"], a["W"], a["U"], a.get("p"), grads, problem.lengths,
        )  # fmt: skip
        for name, value in grads.items():
            np.testing.assert_allclose(value, fresh[name] + 1, rtol=1e-12)
