"""Wrong arguments are refused in one clear line; read-only ones are fine."""

import numpy as np
import pytest
from array_forms import SPREAD, other_floats, read_only
from cell_cases import make_problem

from lstm_music.backends.base import Tape
from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.backends.registry import get_backend
from lstm_music.cells.registry import cell_spec
from lstm_music.errors import ConfigError, ShapeError

ENGINES = [ReferenceBackend(), CpuBackend(2)]


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name)
def engine(request):
    return request.param


@pytest.fixture
def problem():
    return make_problem(cell_spec("lstm"), (4, 3, 5, 6), dtype="float32")


def test_read_only_inputs_are_fine(engine, problem):
    expected = problem.backward(engine)
    for array in (*problem.arrays.values(), problem.dy, problem.ds_last, problem.lengths):
        array.flags.writeable = False
    tape = problem.forward(engine)
    tape.S.flags.writeable = tape.K.flags.writeable = False
    got = problem.backward(engine, tape)
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value)


def test_inputs_and_tape_are_left_alone(engine, problem):
    before = {name: array.copy() for name, array in problem.arrays.items()}
    tape = problem.forward(engine)
    S, K = tape.S.copy(), tape.K.copy()
    problem.backward(engine, tape)
    np.testing.assert_array_equal(tape.S, S)
    np.testing.assert_array_equal(tape.K, K)
    for name, array in before.items():
        np.testing.assert_array_equal(problem.arrays[name], array)


def test_a_tape_may_be_written_again(engine, problem):
    """Also when the initial state is a view of its last one, as in truncated training."""
    first = problem.forward(engine)
    problem.arrays["s0"] = first.last.copy()
    expected = problem.forward(engine)
    grads = problem.backward(engine, expected)
    problem.arrays["s0"] = first.last
    again = problem.forward(engine, out=first)
    assert again is first
    np.testing.assert_array_equal(again.S, expected.S)
    for name, value in problem.backward(engine, again).items():
        np.testing.assert_array_equal(value, grads[name])

    with pytest.raises(ShapeError, match=r"tape\.K must have shape"):
        problem.forward(engine, out=Tape(first.S, first.K[:, :, 1:].copy()))
    first.S.flags.writeable = False
    problem.arrays["s0"] = expected.last
    with pytest.raises(ShapeError, match="out must be writable"):
        problem.forward(engine, out=first)


@pytest.mark.parametrize("form", SPREAD)
@pytest.mark.parametrize("name", ["X", "W", "U", "b", "p", "s0"])
def test_non_contiguous_inputs_are_refused(engine, name, form):
    problem = make_problem(cell_spec("peephole"), (4, 3, 5, 6))
    spread = SPREAD[form](problem.arrays[name])
    if spread.flags.c_contiguous:
        assert spread.ndim == 1  # Fortran order, too
        return
    tape = problem.forward(engine)
    problem.arrays[name] = spread
    with pytest.raises(ShapeError, match=f"{name} must be C-contiguous"):
        problem.forward(engine)
    if name not in {"b", "s0"}:
        with pytest.raises(ShapeError, match=f"{name} must be C-contiguous"):
            problem.backward(engine, tape)


@pytest.mark.parametrize("name", ["X", "W", "U", "b", "p", "s0"])
def test_other_dtypes_are_refused(engine, name):
    problem = make_problem(cell_spec("peephole"), (4, 3, 5, 6))
    tape = problem.forward(engine)
    for other in other_floats(problem.arrays[name]):
        problem.arrays[name] = other
        with pytest.raises(ShapeError, match=r"must be (a )?float"):
            problem.forward(engine)
        if name not in {"b", "s0"}:
            with pytest.raises(ShapeError, match=r"must be (a )?float"):
                problem.backward(engine, tape)


@pytest.mark.parametrize("name", ["X", "W", "U", "b", "s0"])
def test_other_shapes_are_refused(engine, problem, name):
    problem.arrays[name] = problem.arrays[name][..., :-1].copy()
    with pytest.raises(ShapeError, match="must have shape"):
        problem.forward(engine)


def test_integers_and_empty_arrays_are_refused(engine, problem):
    problem.arrays["X"] = np.zeros((4, 3, 5), np.int32)
    with pytest.raises(ShapeError, match="float32 or float64"):
        problem.forward(engine)
    problem.arrays["X"] = np.zeros((0, 3, 5), np.float32)
    with pytest.raises(ShapeError, match="none empty"):
        problem.forward(engine)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        (np.array([1, 2], np.int32), "3 integers"),
        (np.array([1.0, 2.0, 3.0]), "3 integers"),
        (np.array([1, 2, 5], np.int32), r"0\.\.4"),
        (np.array([-1, 2, 3], np.int32), r"0\.\.4"),
    ],
)
def test_bad_lengths_are_refused(engine, problem, lengths, message):
    problem.lengths = lengths
    with pytest.raises(ShapeError, match=message):
        problem.forward(engine)


def test_backward_checks_its_own_arguments(engine, problem):
    tape, a = problem.forward(engine), problem.arrays
    good = {name: np.zeros_like(a[name]) for name in ("W", "U", "b")}

    def back(dY=problem.dy, dS=None, grads=good):
        engine.sequence_backward(
            problem.spec, dY, dS, tape, a["X"], a["W"], a["U"], None, grads, problem.lengths
        )

    with pytest.raises(ShapeError, match="dY"):
        back(dY=problem.dy[:, :, :-1].copy())
    with pytest.raises(ShapeError, match="dS_last"):
        back(dS=problem.ds_last[:1].copy())
    with pytest.raises(ShapeError, match="must hold an array 'b'"):
        back(grads={"W": good["W"], "U": good["U"]})
    for name, array in good.items():
        with pytest.raises(ShapeError, match="writable"):
            back(grads=good | {name: read_only(array)})
    back()


@pytest.mark.parametrize("form", SPREAD)
def test_backward_refuses_non_contiguous_arrays_of_its_own(engine, problem, form):
    spread, tape, a = SPREAD[form], problem.forward(engine), problem.arrays
    good = {name: np.zeros_like(a[name]) for name in ("W", "U", "b")}

    def back(dY=problem.dy, dS=problem.ds_last, tape=tape, **grads):
        engine.sequence_backward(
            problem.spec, dY, dS, tape, a["X"], a["W"], a["U"], None, good | grads, problem.lengths
        )

    for message, change in {
        "dY": {"dY": spread(problem.dy)},
        "dS_last": {"dS": spread(problem.ds_last)},
        r"tape\.S": {"tape": Tape(spread(tape.S), tape.K)},
        r"tape\.K": {"tape": Tape(tape.S, spread(tape.K))},
        r"grads\['W'\]": {"W": spread(good["W"])},
        r"grads\['U'\]": {"U": spread(good["U"])},
    }.items():
        with pytest.raises(ShapeError, match=f"{message} must be C-contiguous"):
            back(**change)
    back()


def test_unknown_backends_and_thread_counts_are_refused():
    with pytest.raises(ConfigError, match="no backend is called 'tpu'"):
        get_backend("tpu")
    with pytest.raises(ConfigError, match="n_threads"):
        get_backend("cpu", n_threads=0)
    assert get_backend("cpu", n_threads=3).n_threads == 3
    assert get_backend("reference", n_threads=3).n_threads == 1
