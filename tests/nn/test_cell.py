"""The public cell."""

import numpy as np
import pytest
from cell_cases import MAPS, on_map, units
from gradcheck import worst_error

from lstm_music.backends.registry import get_backend
from lstm_music.cells.registry import cell_spec
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.nn import cell


@pytest.fixture
def lstm():
    return cell.make("lstm", input_size=3, hidden_size=5, dtype="float64", rng_seed=1)


MADE_OF_OTHERS = ["block:size=1", "block:size=3,s_h=identity", "block:size=5"]


@pytest.mark.parametrize("shape", [(4, 3, 3), (1, 1, 1)], ids=["4 steps", "one of everything"])
@pytest.mark.parametrize("backend", ["cpu", "reference"])
@pytest.mark.parametrize("name", [*cell.names(), *MADE_OF_OTHERS, *MAPS])
def test_gradients_through_the_public_interface(name, backend, shape):
    (T, B), D, H = shape[:2], on_map(cell_spec(name), shape[2]), units(name, 5)
    engine = get_backend(backend)
    made = cell.make(name, input_size=D, hidden_size=H, dtype="float64", rng_seed=1, backend=engine)
    rng = np.random.default_rng(0)
    for value in made.params.values():
        value[...] += rng.normal(0, 0.3, value.shape)  # no gradient may vanish by symmetry
    x, state = rng.normal(size=(T, B, D)), rng.normal(size=(made.spec.states, B, H))
    dy, dstate = rng.normal(size=(T, B, H)), rng.normal(size=state.shape)
    lengths = [4, 1, 3] if B == 3 else None

    def loss() -> float:
        y, last, _ = made.forward(x, state, lengths)
        return float((y * dy).sum() + (last * dstate).sum())

    dx, ds0, grads = made.backward(dy, made.forward(x, state, lengths)[2], dstate)
    arrays = {"x": x, "state": state} | made.params
    error, where = worst_error(loss, arrays, {"x": dx, "state": ds0} | grads, at_most=100)
    assert error < 1e-6, where


def test_state_carries_on(lstm):
    x = np.random.default_rng(0).normal(size=(9, 2, 3))
    whole, last, _ = lstm.forward(x)
    head, state, _ = lstm.forward(x[:4])
    tail, end, _ = lstm.forward(x[4:], state)
    np.testing.assert_array_equal(np.concatenate([head, tail]), whole)
    np.testing.assert_array_equal(end, last)
    np.testing.assert_array_equal(last[0], whole[-1])


def test_results_are_the_callers_own(lstm):
    """Writing into results disturbs neither the tape nor the parameters."""
    x = np.random.default_rng(0).normal(size=(3, 2, 3))
    y, state, tape = lstm.forward(x)
    expected = lstm.backward(np.ones_like(y), tape)
    y[:], state[:] = 9, 9
    dx, dstate, grads = lstm.backward(np.ones_like(y), tape)
    np.testing.assert_array_equal(dx, expected[0])
    assert all(array.flags.c_contiguous for array in (y, state, dx, dstate))
    before = {name: value.copy() for name, value in lstm.params.items()}
    for name, value in grads.items():
        np.testing.assert_array_equal(value, expected[2][name])
        grads[name][...] = 7
    for name, value in lstm.params.items():
        np.testing.assert_array_equal(value, before[name])


def test_non_contiguous_arrays_are_copied(lstm):
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).transpose(2, 0, 1)
    expected = lstm.forward(np.ascontiguousarray(x))[0]
    np.testing.assert_array_equal(lstm.forward(x)[0], expected)


def test_seeds_decide_the_weights():
    sizes = {"input_size": 3, "hidden_size": 5}
    one, same = (cell.make("lstm", **sizes, rng_seed=1).params for _ in range(2))
    other = cell.make("lstm", **sizes, rng_seed=2).params
    for name in one:
        np.testing.assert_array_equal(one[name], same[name])
    assert (one["W"] != other["W"]).all()
    assert one["b"].reshape(4, 5).mean(axis=1).tolist() == [0, 1, 0, 0]


def test_forget_bias_is_where_the_forget_gate_starts():
    sizes = {"input_size": 3, "hidden_size": 5}
    for name, row in (("lstm", 1), ("coupled", 0), ("fgr", 1), ("peephole-cell", 1)):
        bias = cell.make(f"{name}:forget_bias=2.5", **sizes).params["b"].reshape(-1, 5)
        assert bias.tolist() == [[2.5 * (gate == row)] * 5 for gate in range(len(bias))], name
    shifts = cell.make("layernorm-lstm:forget_bias=2.5", **sizes).params["p"][4:8]
    assert shifts.mean(axis=1).tolist() == [0, 2.5, 0, 0]
    plain = cell.make("lstm", **sizes).params
    for name, value in cell.make("lstm:forget_bias=2.5", **sizes).params.items():
        assert name == "b" or np.array_equal(value, plain[name])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "lstn"}, "no cell is called"),
        ({"name": "lstm:size=3"}, "has no option"),
        ({"name": "block"}, "hidden_size must be a multiple of 2, got 5"),
        ({"name": "block:size=0"}, "size cannot be '0'"),
        ({"name": "conv-lstm:size=5"}, "input size must be a multiple of 5, got 3"),
        ({"name": "conv-lstm:size=3"}, "hidden size must be a multiple of 3, got 5"),
        ({"input_size": 0}, "at least 1"),
        ({"hidden_size": -3}, "at least 1"),
        ({"dtype": "float16"}, "float32 or float64"),
        ({"dtype": "music"}, "float32 or float64"),
    ],
)
def test_bad_settings_are_refused(changes, message):
    settings = {"name": "lstm", "input_size": 3, "hidden_size": 5} | changes
    with pytest.raises(ConfigError, match=message):
        cell.make(settings.pop("name"), **settings)


def test_bad_shapes_are_refused(lstm):
    x = np.zeros((4, 2, 3))
    y, _, tape = lstm.forward(x)
    with pytest.raises(ShapeError, match=r"x must have shape \(T, B, 3\)"):
        lstm.forward(np.zeros((4, 2, 7)))
    with pytest.raises(ShapeError, match="x must be float64"):
        lstm.forward(x.astype(np.float32))
    with pytest.raises(ShapeError, match=r"state must have shape \(2, 2, 5\)"):
        lstm.forward(x, np.zeros((2, 5)))
    with pytest.raises(ShapeError, match=r"dy must have shape \(4, 2, 5\)"):
        lstm.backward(y[:3], tape)
    with pytest.raises(ShapeError, match="dstate must have shape"):
        lstm.backward(y, tape, np.zeros((1, 2, 5)))
