"""What sets the scalar LSTM apart: gates without a bound, and a scale that h does not notice."""

import numpy as np
import pytest
from cell_cases import make_problem

from lstm_music.backends.base import Backend
from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.cells.registry import cell_spec
from lstm_music.kernels.isa import level_names, level_ready

READY = [name for level, name in enumerate(level_names()) if level_ready(level)]
BACKENDS = ["reference", *READY]
CELLS = ["slstm", "slstm:f=exp"]
SHAPE = (12, 3, 4, 7)


def backend_of(name: str) -> Backend:
    return ReferenceBackend() if name == "reference" else CpuBackend(2, name)


def sums_of(problem, t, h):
    """i, f, g, o of step t, before any squashing."""
    a = problem.arrays
    sums = a["X"][t] @ a["W"].T + h @ a["U"].T + a["b"]
    return np.split(sums, 4, axis=1)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cell", CELLS)
def test_it_is_the_plain_cell_without_a_stabiliser(cell, backend):
    """With i = exp(sums) and no m at all, from a state of zeros."""
    problem = make_problem(cell_spec(cell), SHAPE, ragged=False)
    problem.arrays["s0"][...] = 0
    tape = problem.forward(backend_of(backend))
    h = c = n = np.zeros((SHAPE[1], SHAPE[3]))
    for t in range(SHAPE[0]):
        i, f, g, o = sums_of(problem, t, h)
        f = np.exp(f) if cell.endswith("exp") else 1 / (1 + np.exp(-f))
        c, n = f * c + np.exp(i) * np.tanh(g), f * n + np.exp(i)
        h = c / n / (1 + np.exp(-o))
        np.testing.assert_allclose(tape.y[t], h, rtol=1e-10)
        scale = np.exp(tape.S[t + 1, 3])
        np.testing.assert_allclose(tape.S[t + 1, 1] * scale, c, rtol=1e-10)
        np.testing.assert_allclose(tape.S[t + 1, 2] * scale, n, rtol=1e-10)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cell", CELLS)
def test_h_does_not_notice_the_scale_of_the_state(cell, backend):
    one, other = (make_problem(cell_spec(cell), SHAPE) for _ in range(2))
    for problem, shift in ((one, 0.0), (other, 1.25)):
        _, c, n, m = problem.arrays["s0"]
        n[...] = np.abs(n)
        c *= np.exp(shift)
        n *= np.exp(shift)
        m -= shift
    engine = backend_of(backend)
    np.testing.assert_allclose(one.forward(engine).y, other.forward(engine).y, rtol=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cell", CELLS)
def test_a_state_of_zeros_is_forgotten(cell, backend):
    """However small the input gate is beside the forget gate, the first h is o g."""
    problem = make_problem(cell_spec(cell), SHAPE, dtype="float32", ragged=False)
    problem.arrays["s0"][...] = 0
    H = SHAPE[3]
    problem.arrays["b"][:H] = -1000
    engine = backend_of(backend)
    tape = problem.forward(engine)
    _, _, g, o = sums_of(problem, 0, problem.arrays["s0"][0])
    np.testing.assert_allclose(tape.y[0], np.tanh(g) / (1 + np.exp(-o)), rtol=1e-5)
    assert (tape.S[1, 2] == 1).all()
    grads = problem.backward(engine, tape)
    assert grads["s0"][0].any() and not grads["s0"][1:].any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cell", CELLS)
def test_gates_of_any_size_overflow_nothing(cell, backend, dtype):
    problem = make_problem(cell_spec(cell), SHAPE, dtype=dtype)
    problem.arrays["b"] *= 1e4
    problem.arrays["W"] *= 1e4
    problem.arrays["s0"][...] = 0
    engine = backend_of(backend)
    tape = problem.forward(engine)
    assert np.isfinite(tape.S).all() and np.abs(tape.y).max() <= 1
    for name, value in problem.backward(engine, tape).items():
        assert np.isfinite(value).all(), name
