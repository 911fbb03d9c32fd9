"""The layers in NumPy against closed forms, finite differences and published numbers."""

import numpy as np
import pytest
from gradcheck import worst_error

from lstm_music.reference import dropout, embedding, loss, optim
from lstm_music.reference.optim import Update


def test_embedding_sums_the_named_rows():
    E = np.arange(8.0).reshape(4, 2)
    rows = np.array([[0, 3], [1, 1]], np.int32)
    assert embedding.embed_forward(E, rows).tolist() == [[6, 8], [4, 6]]


def test_embedding_gradient_matches_finite_differences():
    rng = np.random.default_rng(0)
    E, dX = rng.normal(size=(5, 3)), rng.normal(size=(6, 3))
    rows = rng.integers(0, 5, (6, 4)).astype(np.int32)
    dE = np.zeros_like(E)
    embedding.embed_backward(dX, rows, dE)
    worst, where = worst_error(
        lambda: float((embedding.embed_forward(E, rows) * dX).sum()), {"E": E}, {"E": dE}
    )
    assert worst < 1e-9, where


def test_cross_entropy_of_even_logits_is_log_v():
    nll, _ = loss.cross_entropy(np.full((2, 8), 3.0), np.array([0, 7], np.int32), 1.0)
    np.testing.assert_allclose(nll, np.log(8))


def test_cross_entropy_of_huge_logits_is_finite():
    nll, d_logits = loss.cross_entropy(np.array([[1e4, 0.0]]), np.array([1], np.int32), 1.0)
    assert nll[0] == 1e4
    assert d_logits.tolist() == [[1, -1]]


def test_cross_entropy_gradient_matches_finite_differences():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(4, 5))
    targets = np.array([0, -1, 4, 2], np.int32)
    _, d_logits = loss.cross_entropy(logits, targets, 0.25)

    def mean() -> float:
        return 0.25 * float(loss.cross_entropy(logits, targets, 1.0)[0].sum())

    worst, where = worst_error(mean, {"logits": logits}, {"logits": d_logits})
    assert worst < 1e-9, where


def test_philox_gives_the_published_words():
    """Random123's known answers: counter and key all ones, in the words that can be set here."""
    zeros = dropout.philox(0, np.zeros(1, np.uint64), 0)[0]
    assert [int(word) for word in zeros] == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


def test_dropout_keeps_its_rate_and_mean_and_repeats():
    x = np.ones(200_000)
    dropout.dropout(x, round(0.2 * 2**32), 1.25, key=7, stream=1)
    zeros = (x == 0).mean()
    assert abs(zeros - 0.2) < 5 * np.sqrt(0.2 * 0.8 / x.size)  # five standard deviations
    assert set(np.unique(x)) == {0.0, 1.25}
    again, other = np.ones_like(x), np.ones_like(x)
    dropout.dropout(again, round(0.2 * 2**32), 1.25, key=7, stream=1)
    dropout.dropout(other, round(0.2 * 2**32), 1.25, key=7, stream=2)
    assert np.array_equal(x, again)
    both = ((x == 0) & (other == 0)).mean()
    assert abs(both - 0.04) < 5 * np.sqrt(0.04 * 0.96 / x.size)  # independent masks


def stepped(rule, grads, a, *, v=0.0):
    """Parameters after each gradient, from 1."""
    w, m, v = np.ones(1), np.zeros(1), np.full(1, v)
    path = []
    for g in grads:
        rule(w, np.array([float(g)]), m, v, a)
        path.append(w[0])
    return path


def test_the_first_adam_step_is_the_learning_rate_against_the_sign():
    """Algorithm 1 at t = 1: m-hat = g and v-hat = g², so the step is rate · sign(g)."""
    a = Update(rate=0.1 / 0.1, v_scale=0.001**-0.5, momentum=0.9, decay=0.999, epsilon=1e-12)
    for g, expected in ((4, 0.9), (-0.01, 1.1), (0, 1.0)):
        np.testing.assert_allclose(stepped(optim.adam, [g], a), [expected], rtol=1e-9)


def test_sgd_adds_up_its_steps():
    a = Update(rate=0.1, momentum=0.5, g_scale=0.5)
    np.testing.assert_allclose(stepped(optim.sgd, [2, 2, 0], a), [0.9, 0.75, 0.675], rtol=1e-12)


def test_the_penalty_is_no_part_of_what_is_clipped():
    a = Update(rate=0.1, g_scale=0.5, l2=3.0)
    np.testing.assert_allclose(stepped(optim.sgd, [2], a), [1 - 0.1 * (1 + 3)], rtol=1e-12)


def test_rmsprop_of_a_steady_gradient_comes_to_the_rate():
    """With v = g², a step is rate · sign(g), whatever the gradient's size."""
    a = Update(rate=0.1, decay=0.5, epsilon=0.0)
    path = stepped(optim.rmsprop, [-7] * 60, a)
    assert path[0] == pytest.approx(1 + 0.1 * 2**0.5)  # v = g²/2 after the first
    assert path[-1] - path[-2] == pytest.approx(0.1)


def test_rprop_grows_turns_and_starts_again():
    """Signs + + - - -: the step grows; the turn moves nothing and halves it; then it is used."""
    a = Update(rate=1.0, shrink=0.5, grow=2.0, least=0.01, most=1.0)
    path = stepped(optim.rprop, [1, 3, -1, -9, -0.1], a, v=0.1)
    np.testing.assert_allclose(np.diff([1, *path]), [-0.1, -0.2, 0, 0.1, 0.2], atol=1e-12)


def test_rprop_steps_stay_in_their_bounds():
    a = Update(rate=1.0, shrink=0.5, grow=2.0, least=0.05, most=0.3)
    path = stepped(optim.rprop, [1, 1, 1, 1], a, v=0.1)
    np.testing.assert_allclose(np.diff([1, *path]), [-0.1, -0.2, -0.3, -0.3], atol=1e-12)
    path = stepped(optim.rprop, [1, -1, 1, -1, 1], a, v=0.1)
    np.testing.assert_allclose(np.diff([1, *path]), [-0.1, 0, -0.05, 0, -0.05], atol=1e-12)
