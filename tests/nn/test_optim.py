"""Every optimiser: clipping, penalty, refusing what is not finite, going on from a saved state."""

import dataclasses

import numpy as np
import pytest
from model_cases import LEVELS, SMALL, backend_of

from lstm_music.backends.cpu import CpuBackend
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.optim import OPTIMISERS, SGD, Adam, Rprop, make_optimiser
from lstm_music.nn.parameters import weight_slices
from lstm_music.reference.optim import RULES

NAMES = tuple(OPTIMISERS)


def test_every_rule_is_an_optimiser():
    assert OPTIMISERS.keys() == RULES.keys()


def test_a_long_gradient_is_clipped_to_its_length():
    """Adam forgets scale, but not between steps: the second moment shows what went in."""
    adam = Adam(4, dtype="float64", beta2=0.5)
    params, grads = np.zeros(4), np.array([3.0, 4.0, 0.0, 0.0])
    assert adam.step(params, grads, 0.1, max_norm=1.0) == 5.0
    np.testing.assert_allclose(adam.state()["v"], [0.18, 0.32, 0, 0], rtol=1e-5)
    assert grads.tolist() == [3, 4, 0, 0]


def test_a_short_gradient_is_not_touched():
    adam = Adam(1, dtype="float64", beta2=0.5)
    adam.step(np.zeros(1), np.array([0.5]), 0.1, max_norm=1.0)
    assert adam.state()["v"].tolist() == [0.125]


@pytest.mark.parametrize("name", NAMES)
def test_a_quadratic_is_minimised(name):
    """1/2 x'Ax with eigenvalues 1 and 30: within 2 % of the start after 300 full-batch steps."""
    A, params = np.diag([1.0, 30.0]), np.array([1.0, -1.0])
    optimiser = make_optimiser(name, 2, dtype="float64")
    for _ in range(300):
        optimiser.step(params, A @ params, 0.01)
    assert np.abs(params).max() < 0.02


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_changes_nothing(bad, name):
    optimiser = make_optimiser(name, 3, l2=0.1)
    params = np.ones(3, np.float32)
    optimiser.step(params, np.ones(3, np.float32), 0.1)
    before, state = params.copy(), optimiser.state()
    grads = np.array([1, bad, 1], np.float32)
    assert not np.isfinite(optimiser.step(params, grads, 0.1, 1.0))
    np.testing.assert_array_equal(params, before)
    for key, value in optimiser.state().items():
        np.testing.assert_array_equal(value, state[key])


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_state_goes_on_bit_for_bit(name):
    rng = np.random.default_rng(0)
    grads = rng.normal(size=(6, 100)).astype(np.float32)
    straight, params = make_optimiser(name, 100), np.ones(100, np.float32)
    for g in grads:
        straight.step(params, g, 1e-2, 5.0)
    first, halfway = make_optimiser(name, 100), np.ones(100, np.float32)
    for g in grads[:3]:
        first.step(halfway, g, 1e-2, 5.0)
    second = make_optimiser(name, 100)
    second.load_state(first.state())
    for g in grads[3:]:
        second.step(halfway, g, 1e-2, 5.0)
    np.testing.assert_array_equal(halfway, params)
    assert straight.state()["steps"] == second.state()["steps"] == 6


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_threads_and_levels_step_alike_bit_for_bit(name, dtype):
    rng = np.random.default_rng(1)
    grads, start = rng.normal(size=(5, 70_001)).astype(dtype), rng.normal(size=70_001)
    crews = [CpuBackend(n, isa) for isa in LEVELS for n in (1, 2, 3)]
    outcomes = []
    for backend in crews:
        options = {"l2": 0.01, "penalised": [slice(5, 40_000)], "dtype": dtype}
        optimiser = make_optimiser(name, 70_001, **options, backend=backend)
        params = start.astype(dtype)
        for g in grads:
            optimiser.step(params, g, 1e-2, 5.0)
        outcomes.append([params, *optimiser.state().values()])
    for other in outcomes[1:]:
        for a, b in zip(outcomes[0], other):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("backend", ["reference", LEVELS[0]])
def test_the_penalty_is_on_the_named_parameters_alone(backend):
    sgd = SGD(
        6, momentum=0.0, l2=0.5, penalised=[slice(1, 2), slice(4, 6)], dtype="float64",
        backend=backend_of(backend),
    )  # fmt: skip
    params = np.arange(6.0)
    assert sgd.step(params, np.zeros(6), 0.1) == 0
    np.testing.assert_allclose(params, [0, 0.95, 2, 3, 3.8, 4.75], rtol=1e-12)


@pytest.mark.parametrize("cell", ["lstm", "peephole", "memory-gated", "sru"])
def test_weights_are_penalised_and_biases_are_not(cell):
    model = LanguageModel.create(dataclasses.replace(SMALL, cell=cell), 0)
    model.flat_params[:] = 0
    for part in weight_slices(model.config):
        model.flat_params[part] += 1
    for name, value in model.params.items():
        expected = 0 if name.endswith((".b", ".p")) else 1
        np.testing.assert_array_equal(value, expected, err_msg=name)


@pytest.mark.parametrize("name", NAMES)
def test_a_state_is_a_copy(name):
    optimiser = make_optimiser(name, 2)
    state = optimiser.state()
    optimiser.step(np.ones(2, np.float32), np.ones(2, np.float32), 0.1)
    assert not state["m"].any()
    assert state["steps"] == 0


@pytest.mark.parametrize(
    "change", [{"m": np.zeros(3, np.float32)}, {"v": np.zeros(2)}, {"steps": np.zeros(1, int)}]
)
def test_a_foreign_state_is_refused(change):
    with pytest.raises(ShapeError, match="optimiser state"):
        Adam(2).load_state(Adam(2).state() | change)
    state = Adam(2).state()
    del state[next(iter(change))]
    with pytest.raises(ShapeError, match="got nothing"):
        Adam(2).load_state(state)


@pytest.mark.parametrize("wrong", [np.ones(3, np.float32), np.ones(2), np.ones((2, 1), np.float32)])
def test_arrays_of_another_size_are_refused(wrong):
    right = np.ones(2, np.float32)
    for pair in ((wrong, right), (right, wrong)):
        with pytest.raises(ShapeError, match=r"params|grads"):
            make_optimiser("sgd", 2).step(*pair, 0.1)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("adagrad", {}, "no optimiser 'adagrad'; there are adam, sgd, rmsprop, rprop"),
        ("adam", {"momentum": 0.5}, "adam takes no momentum"),
        ("rprop", {"momentum": 0.0}, "rprop takes no momentum"),
        ("sgd", {"momentum": 1.0}, "momentum must be"),
        ("rmsprop", {"decay": -0.1}, "decay must be"),
        ("adam", {"beta2": float("nan")}, "beta2 must be"),
        ("sgd", {"l2": -1e-3}, "l2 must be"),
        ("sgd", {"l2": float("inf")}, "l2 must be"),
        ("rprop", {"shrink": 1.5}, "rprop needs"),
        ("sgd", {"dtype": "float16"}, "float32 or float64"),
    ],
)
def test_wrong_options_are_refused(name, options, message):
    with pytest.raises(ConfigError, match=message):
        make_optimiser(name, 2, **options)


def test_rprop_steps_follow_the_learning_rate():
    """Its steps are in units of the rate, so a schedule scales them all."""
    rprop, params = Rprop(1, dtype="float64"), np.zeros(1)
    rprop.step(params, np.ones(1), 0.1)
    rprop.step(params, np.ones(1), 0.01)
    np.testing.assert_allclose(params, [-0.1 - 0.012], rtol=1e-12)
