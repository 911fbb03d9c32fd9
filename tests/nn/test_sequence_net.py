"""Networks over numbers: gradients against finite differences, views, losses."""

import numpy as np
import pytest

from lstm_music.errors import ConfigError, ShapeError
from lstm_music.nn.sequence_net import (
    SequenceNet,
    bernoulli_loss,
    softmax_loss,
    squared_error,
)

T, B, D, OUTPUTS = 5, 3, 2, 4
LENGTHS = np.array([5, 2, 4], np.int32)


def made(cell="lstm", shortcut=False, hidden_sizes=(3, 5)):
    return SequenceNet(
        cell, input_size=D, hidden_sizes=hidden_sizes, output_size=OUTPUTS, shortcut=shortcut,
        dtype="float64", rng_seed=1,
    )  # fmt: skip


def targets_of(loss, rng):
    if loss is softmax_loss:
        return rng.integers(0, OUTPUTS, (T, B)).astype(np.int32)
    return rng.random((T, B, OUTPUTS))


@pytest.mark.parametrize("loss", [squared_error, bernoulli_loss, softmax_loss])
@pytest.mark.parametrize("shortcut", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "gru", "peephole", "layernorm-lstm", "coupled"])
def test_gradient_is_that_of_finite_differences(cell, shortcut, loss):
    rng = np.random.default_rng(2)
    net = made(cell, shortcut)
    x = rng.normal(size=(T, B, D))
    state = [rng.normal(size=(c.spec.states, B, c.hidden_size)) for c in net.cells]
    targets, weight = targets_of(loss, rng), rng.random((T, B))

    def value():
        return loss(net.forward(x, state, LENGTHS)[0], targets, weight)[0]

    answers, _, tape = net.forward(x, state, LENGTHS)
    gradient = net.backward(loss(answers, targets, weight)[1], tape)
    for at in range(net.flat.size):
        kept, step = net.flat[at], 1e-6
        net.flat[at] = kept + step
        above = value()
        net.flat[at] = kept - step
        below = value()
        net.flat[at] = kept
        assert gradient[at] == pytest.approx((above - below) / (2 * step), abs=1e-7), at


@pytest.mark.parametrize("shortcut", [False, True])
def test_gradient_goes_through_the_mask(shortcut):
    rng = np.random.default_rng(3)
    net = made(shortcut=shortcut)
    x, mask = rng.normal(size=(T, B, D)), rng.integers(0, 2, (T, B, net.V.shape[1])) * 2.0
    targets = rng.random((T, B, OUTPUTS))

    def value():
        return squared_error(net.forward(x, mask=mask)[0], targets)[0]

    answers, _, tape = net.forward(x, mask=mask)
    gradient = net.backward(squared_error(answers, targets)[1], tape)
    for at in range(net.flat.size):
        kept, step = net.flat[at], 1e-6
        net.flat[at] = kept + step
        above = value()
        net.flat[at] = kept - step
        below = value()
        net.flat[at] = kept
        assert gradient[at] == pytest.approx((above - below) / (2 * step), abs=1e-7), at


def test_gradient_of_the_last_state_flows_back():
    net = made()
    x = np.random.default_rng(0).normal(size=(T, B, D))
    answers, last, tape = net.forward(x)
    d_state = [np.ones_like(s) for s in last]
    gradient = net.backward(np.zeros_like(answers), tape, d_state)
    at, step = 7, 1e-6
    net.flat[at] += step
    above = sum(s.sum() for s in net.forward(x)[1])
    net.flat[at] -= 2 * step
    below = sum(s.sum() for s in net.forward(x)[1])
    assert gradient[at] == pytest.approx((above - below) / (2 * step), abs=1e-7)


def test_parameters_are_views_of_the_flat_array():
    net = made()
    net.flat[...] = 0
    assert all(not array.any() for cell in net.cells for array in cell.params.values())
    assert not net.V.any()
    assert not net.forward(np.ones((T, B, D)))[0].any()
    sizes = [a.size for cell in net.cells for a in cell.params.values()] + [net.V.size, net.a.size]
    assert net.flat.size == sum(sizes)


def test_a_sequence_in_two_pieces_is_the_sequence():
    net = made()
    x = np.random.default_rng(3).normal(size=(T, B, D))
    whole = net.forward(x)[0]
    first, state, _ = net.forward(x[:2])
    second = net.forward(x[2:], state)[0]
    assert np.array_equal(np.concatenate([first, second]), whole)


def test_losses_of_known_answers():
    zeros = np.zeros((T, B, OUTPUTS))
    assert squared_error(zeros, zeros + 2)[0] == pytest.approx(4)
    assert bernoulli_loss(zeros, zeros)[0] == pytest.approx(OUTPUTS * np.log(2))
    assert softmax_loss(zeros, np.zeros((T, B), np.int32))[0] == pytest.approx(np.log(OUTPUTS))
    last = np.zeros((T, B))
    last[-1] = 1
    answers = np.arange(T, dtype=float)[:, None, None] + zeros
    assert squared_error(answers, zeros, last)[0] == pytest.approx((T - 1) ** 2)
    assert bernoulli_loss(zeros + 1000, zeros + 1)[0] == 0
    assert np.isfinite(softmax_loss(answers * 1000, np.zeros((T, B), np.int32))[0])


def test_sizes_and_shapes_are_checked():
    with pytest.raises(ConfigError, match="needs a layer"):
        made(hidden_sizes=())
    with pytest.raises(ConfigError, match="at least 1"):
        SequenceNet("lstm", input_size=0, hidden_sizes=(2,), output_size=1)
    net = made()
    answers, _, tape = net.forward(np.zeros((T, B, D)))
    with pytest.raises(ShapeError, match="d_answers"):
        net.backward(answers[:-1], tape)
    with pytest.raises(ShapeError, match="each of 2 layers"):
        net.forward(np.zeros((T, B, D)), [np.zeros((2, B, 3))])
