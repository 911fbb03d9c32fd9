"""Every array argument of the public cell and the model: what is handled, what is refused."""

import numpy as np
import pytest
from array_forms import FORMS, SPREAD, other_floats, read_only
from model_cases import SMALL, make_chunk, score, train

from lstm_music.errors import ShapeError
from lstm_music.nn import cell
from lstm_music.nn.model import LanguageModel

T, B, D, H = 4, 3, 5, 6
CELL = "peephole"  # it has every kind of parameter
INTEGERS = ["i1", "u1", "i2", "u4", "i8", "u8", ">i4"]


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def arguments():
    return {
        "x": draw(T, B, D),
        "state": draw(2, B, H, seed=1),
        "dy": draw(T, B, H, seed=2),
        "dstate": draw(2, B, H, seed=3),
        "lengths": np.array([4, 0, 2], np.int32),
    }


def make():
    return cell.make(CELL, input_size=D, hidden_size=H, dtype="float64")


def run(made, given):
    """Every result of a forward and a backward call, by name."""
    y, state, tape = made.forward(given["x"], given["state"], given["lengths"])
    dx, dstate, grads = made.backward(given["dy"], tape, given["dstate"])
    return {"y": y, "state": state, "dx": dx, "dstate": dstate} | grads


def assert_equal(got, expected):
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", arguments())
def test_a_cell_takes_its_arguments_in_any_layout(name, form):
    made, given = make(), arguments()
    expected = run(made, given)
    given[name] = FORMS[form](given[name])
    before = given[name].copy()
    assert_equal(run(made, given), expected)
    np.testing.assert_array_equal(given[name], before)


def test_an_x_that_repeats_one_step_in_memory():
    """Strides of zero."""
    made, given = make(), arguments()
    given["x"] = np.broadcast_to(given["x"][:1], (T, B, D))
    assert_equal(run(made, given), run(made, given | {"x": given["x"].copy()}))


@pytest.mark.parametrize("name", ["W", "U", "b", "p"])
def test_parameters_may_be_read_only_but_not_scattered(name):
    made, given = make(), arguments()
    expected = run(made, given)
    plain = made.params[name]
    made.params[name] = read_only(plain)
    assert_equal(run(made, given), expected)
    for spread in SPREAD.values():
        made.params[name] = spread(plain)
        if not made.params[name].flags.c_contiguous:
            with pytest.raises(ShapeError, match=f"{name} must be C-contiguous"):
                run(made, given)
    for other in other_floats(plain):
        made.params[name] = other
        with pytest.raises(ShapeError, match=f"{name} must be (a )?float"):
            run(made, given)


@pytest.mark.parametrize("name", ["x", "state", "dy", "dstate"])
def test_a_cell_refuses_other_types(name):
    made, given = make(), arguments()
    for other in other_floats(given[name]):
        with pytest.raises(ShapeError, match=f"{name} must be float64 .*got {other.dtype}"):
            run(made, given | {name: other})
    with pytest.raises(ShapeError, match=f"{name} must be a NumPy array, got list"):
        run(made, given | {name: given[name].tolist()})


@pytest.mark.parametrize("name", ["x", "state", "dy", "dstate"])
def test_a_cell_refuses_other_shapes(name):
    made, given = make(), arguments()
    good = given[name]
    for bad in (good[:, :, :-1], good[:, :-1], good[0], good[..., None], good[:0], good[:, :0]):
        if name == "x" and bad.shape == (T, B - 1, D):
            continue  # a batch of two
        with pytest.raises(ShapeError, match=rf"{name} must have shape \("):
            run(made, given | {name: bad})


@pytest.mark.parametrize("kind", INTEGERS)
def test_lengths_may_be_any_integers(kind):
    made, given = make(), arguments()
    expected = run(made, given)
    assert_equal(run(made, given | {"lengths": given["lengths"].astype(kind)}), expected)
    assert_equal(run(made, given | {"lengths": given["lengths"].tolist()}), expected)


@pytest.mark.parametrize(
    "lengths",
    [
        np.array([4.0, 0.0, 2.0]),
        np.array([True, False, True]),
        np.array([4, 0], np.int32),
        np.array([[4, 0, 2]], np.int32),
        np.array([], np.int32),
        np.array([5, 0, 2], np.int32),
        np.array([4, -1, 2], np.int32),
        np.array([4, 2**32 + 1, 2]),
    ],
)
def test_other_lengths_are_refused(lengths):
    with pytest.raises(ShapeError, match="lengths must"):
        run(make(), arguments() | {"lengths": lengths})
    model = LanguageModel.create(SMALL, 0)
    chunk = make_chunk(model, T=T, B=B)
    chunk.lengths = lengths
    for call in (train, score):
        with pytest.raises(ShapeError, match="lengths must"):
            call(model, chunk)


def model_results(model, chunk):
    """Every result of a training and a scoring call."""
    model.flat_grads[:] = 0
    nll, n_targets, state = train(model, chunk, dropout_key=(1, 2))
    scores, end = score(model, chunk)
    return [nll, n_targets, *state, scores, *end, model.flat_grads.copy()]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["rows", "targets", "lengths"])
def test_a_model_takes_its_integers_in_any_layout(name, form):
    model = LanguageModel.create(SMALL, 0)
    chunk = make_chunk(model, T=T, B=B)
    expected = model_results(model, chunk)
    setattr(chunk, name, FORMS[form](getattr(chunk, name)))
    for a, b in zip(model_results(model, chunk), expected):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", INTEGERS)
def test_a_model_takes_any_integers_as_lengths(kind):
    model = LanguageModel.create(SMALL, 0)
    chunk = make_chunk(model, T=T, B=B)
    expected = model_results(model, chunk)
    chunk.lengths = chunk.lengths.astype(kind)
    for a, b in zip(model_results(model, chunk), expected):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("layer", [0, 1])
def test_a_models_state_may_be_read_only_but_not_scattered(layer):
    model = LanguageModel.create(SMALL, 0)
    chunk = make_chunk(model, T=T, B=B)
    expected = model_results(model, chunk)
    plain = chunk.state[layer]
    chunk.state[layer] = read_only(plain)
    for a, b in zip(model_results(model, chunk), expected):
        np.testing.assert_array_equal(a, b)
    refused = [(form(plain), "must be C-contiguous") for form in SPREAD.values()]
    refused += [(other, "must be float32") for other in other_floats(plain)]
    refused += [(plain.tolist(), "must be a NumPy array"), (plain[:, :0], "must have shape")]
    for bad, message in refused:
        chunk.state[layer] = bad
        for call in (train, score):
            with pytest.raises(ShapeError, match=rf"state\[{layer}\] {message}"):
                call(model, chunk)


def test_read_only_parameters_are_enough_to_score_and_to_find_gradients():
    model = LanguageModel.create(SMALL, 0)
    chunk = make_chunk(model, T=T, B=B)
    expected = model_results(model, chunk)
    for array in (model.flat_params, *model.params.values()):
        array.flags.writeable = False
    for a, b in zip(model_results(model, chunk), expected):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["rows", "targets"])
def test_a_model_refuses_other_types_and_empty_chunks(name):
    model = LanguageModel.create(SMALL, 0)
    chunk = make_chunk(model, T=T, B=B)
    good = getattr(chunk, name)
    wrong = [good.astype(kind) for kind in ("i8", "u4", "i2", ">i4", "f4", "?")]
    for bad in (*wrong, good.tolist(), good[:0], good[:, :0], good[0], good[..., None]):
        setattr(chunk, name, bad)
        for call in (train, score):
            with pytest.raises(ShapeError, match=f"{name} must"):
                call(model, chunk)
