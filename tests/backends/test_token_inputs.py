"""Inputs that are rows of an embedding table: the same function as with the rows looked up."""

import numpy as np
import pytest
from cell_cases import TOLERANCE, Problem, make_problem, worst_difference
from gradcheck import worst_error

from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.cells.registry import cell_names, cell_spec
from lstm_music.errors import ShapeError
from lstm_music.kernels.isa import level_names, level_ready

READY = [name for level, name in enumerate(level_names()) if level_ready(level)]
CELLS = ["lstm", "peephole", "peephole-cell", "fgr", "gru", "rnn", "layernorm-lstm", "conv-lstm"]
SHAPES = {"small": (5, 3, 4, 7), "one step": (1, 3, 4, 5), "one row": (6, 1, 3, 5)}


class TokenProblem(Problem):
    """A problem whose X is named by ``tokens`` in the table ``arrays["E"]``."""

    def __init__(self, cell, shape, n_streams=2, **options):
        whole = make_problem(cell_spec(cell), shape, **options)
        super().__init__(whole.spec, whole.arrays, whole.dy, whole.ds_last, whole.lengths)
        (T, B), D = shape[:2], whole.arrays["X"].shape[2]
        rng, dtype = np.random.default_rng(3), whole.arrays["X"].dtype
        self.arrays["E"] = rng.normal(0, 0.6, (11, D)).astype(dtype)
        self.tokens = rng.integers(0, 11, (T, B, n_streams)).astype(np.int32)
        # Some row comes up twice in one place.
        self.tokens[0, 0] = 3
        del self.arrays["X"]

    def forward(self, backend, out=None):
        E, W, U, b, s0 = (self.arrays[name] for name in ("E", "W", "U", "b", "s0"))
        p = self.arrays.get("p")
        return backend.token_forward(
            self.spec, E, self.tokens, W, U, b, p, s0, self.lengths, out=out
        )

    def backward(self, backend, tape=None):
        a = self.arrays
        grads = {name: np.zeros_like(a[name]) for name in ("E", "W", "U", "b", "p") if name in a}
        ds0 = backend.token_backward(
            self.spec, self.dy, self.ds_last, tape or self.forward(backend),
            a["E"], self.tokens, a["W"], a["U"], a.get("p"), grads, self.lengths,
        )  # fmt: skip
        return grads | {"s0": ds0}

    def looked_up(self):
        """The same with X in place of E."""
        whole = make_problem(self.spec, (*self.tokens.shape[:2], 1, 1), dtype=self.dy.dtype)
        whole.arrays = self.arrays | {"X": self.arrays["E"][self.tokens].sum(axis=2)}
        whole.dy, whole.ds_last, whole.lengths = self.dy, self.ds_last, self.lengths
        return whole


@pytest.mark.parametrize("backend", ["reference", *READY])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_match_finite_differences(cell, shape, backend):
    engine = ReferenceBackend() if backend == "reference" else CpuBackend(2, backend)
    problem = TokenProblem(cell, SHAPES[shape])
    error, where = worst_error(
        lambda: problem.loss(engine), problem.arrays, problem.backward(engine), at_most=25
    )
    assert error < 1e-6, where


@pytest.mark.parametrize("isa", READY)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", cell_names())
def test_equals_the_reference_with_the_rows_looked_up(cell, dtype, isa):
    problem = TokenProblem(cell, (40, 29, 33, 35), dtype=dtype)
    whole, engine = problem.looked_up(), CpuBackend(2, isa)
    tape, expected_tape = problem.forward(engine), whole.forward(ReferenceBackend())
    got, expected = problem.backward(engine, tape), whole.backward(ReferenceBackend())
    dE = np.zeros_like(problem.arrays["E"])
    for s in range(problem.tokens.shape[2]):
        np.add.at(dE, problem.tokens[:, :, s], expected["X"])
    del expected["X"]
    tolerance = 2 * TOLERANCE[np.dtype(dtype)]
    assert worst_difference({"S": expected_tape.S}, {"S": tape.S}) < tolerance
    assert worst_difference(expected | {"E": dE}, got) < tolerance * 10


@pytest.mark.parametrize("isa", READY)
@pytest.mark.parametrize("cell", CELLS)
def test_threads_change_no_bit(cell, isa):
    problem = TokenProblem(cell, (40, 29, 33, 35), dtype="float32")
    alone = problem.backward(CpuBackend(1, isa))
    for n_threads in (2, 3, 40):
        for name, value in problem.backward(CpuBackend(n_threads, isa)).items():
            np.testing.assert_array_equal(value, alone[name], err_msg=name)


@pytest.mark.parametrize("engine", [ReferenceBackend(), CpuBackend(1)], ids=lambda e: e.name)
def test_gradients_accumulate_and_bad_arguments_are_refused(engine):
    problem = TokenProblem("lstm", (3, 2, 4, 5))
    a, tape, fresh = problem.arrays, problem.forward(engine), problem.backward(engine)
    grads = {name: np.ones_like(a[name]) for name in ("E", "W", "U", "b")}

    def backward(tokens=problem.tokens):
        engine.token_backward(
            problem.spec, problem.dy, problem.ds_last, tape,
            a["E"], tokens, a["W"], a["U"], None, grads, problem.lengths,
        )  # fmt: skip

    backward()
    for name, value in grads.items():
        np.testing.assert_allclose(value, fresh[name] + 1, rtol=1e-12)
    for bad in (problem.tokens + 11, problem.tokens - 11, problem.tokens.astype(np.int64)):
        with pytest.raises(ShapeError, match="tokens"):
            backward(bad)
    del grads["E"]
    with pytest.raises(ShapeError, match="'E'"):
        backward()
