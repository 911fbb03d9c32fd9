"""Adam with clipping: refusing what is not finite, and going on from a saved state."""

import numpy as np
import pytest

from lstm_music.errors import ShapeError
from lstm_music.nn.optim import Adam


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


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_changes_nothing(bad):
    adam = Adam(3)
    params = np.ones(3, np.float32)
    adam.step(params, np.ones(3, np.float32), 0.1)
    before, state = params.copy(), adam.state()
    grads = np.array([1, bad, 1], np.float32)
    assert not np.isfinite(adam.step(params, grads, 0.1, 1.0))
    np.testing.assert_array_equal(params, before)
    for name, value in adam.state().items():
        np.testing.assert_array_equal(value, state[name])


def test_a_saved_state_goes_on_bit_for_bit():
    rng = np.random.default_rng(0)
    grads = rng.normal(size=(6, 100)).astype(np.float32)
    straight, params = Adam(100), np.ones(100, np.float32)
    for g in grads:
        straight.step(params, g, 1e-2, 5.0)
    first, halfway = Adam(100), np.ones(100, np.float32)
    for g in grads[:3]:
        first.step(halfway, g, 1e-2, 5.0)
    second = Adam(100)
    second.load_state(first.state())
    for g in grads[3:]:
        second.step(halfway, g, 1e-2, 5.0)
    np.testing.assert_array_equal(halfway, params)


def test_a_state_is_a_copy():
    adam = Adam(2)
    state = adam.state()
    adam.step(np.ones(2, np.float32), np.ones(2, np.float32), 0.1)
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
