"""What reads a network's answers: sums to one, the recursion of the paper, gradients."""

import itertools

import numpy as np
import pytest

from lstm_music.reproduce.polyphony.chain import ChainHead
from lstm_music.reproduce.polyphony.heads import BernoulliHead, NadeHead

KEYS, UNITS, VOICES, VALUES = 5, 3, 3, 4
HEADS = {
    "bernoulli": lambda: BernoulliHead(KEYS, "float64"),
    "nade": lambda: NadeHead(KEYS, UNITS, "float64", rng_seed=1),
    "chain": lambda: ChainHead(VOICES, VALUES, UNITS, "float64", rng_seed=1),
}


def every_target(name):
    choices = itertools.product(range(VALUES), repeat=VOICES)
    if name != "chain":
        choices = itertools.product((0, 1), repeat=KEYS)
    return np.array(list(choices))


@pytest.mark.parametrize("name", HEADS)
def test_all_that_can_come_has_probability_one(name):
    head, targets = HEADS[name](), every_target(name)
    answers = np.random.default_rng(2).normal(size=head.size)
    nats = head.nats(np.tile(answers, (len(targets), 1)), targets)
    assert np.exp(-nats).sum() == pytest.approx(1, abs=1e-12)
    assert np.ptp(nats) > 1


@pytest.mark.parametrize("name", HEADS)
def test_gradients_are_those_of_finite_differences(name):
    head, rng = HEADS[name](), np.random.default_rng(3)
    targets = rng.permutation(every_target(name))[:7]
    answers = rng.normal(size=(7, head.size))
    nats, d_answers, d_flat = head.gradient(answers, targets)
    np.testing.assert_array_equal(nats, head.nats(answers, targets))
    assert d_flat.shape == head.flat.shape
    for array, gradient in ((answers, d_answers), (head.flat, d_flat)):
        for at in np.ndindex(array.shape):
            kept = array[at]
            array[at] = kept + 1e-6
            above = head.nats(answers, targets).sum()
            array[at] = kept - 1e-6
            below = head.nats(answers, targets).sum()
            array[at] = kept
            assert gradient[at] == pytest.approx((above - below) / 2e-6, abs=1e-7)


def test_nade_is_the_recursion_of_its_paper():
    """Larochelle & Murray (2011), algorithm 1, a key at a time."""
    head, rng = HEADS["nade"](), np.random.default_rng(4)
    targets = rng.integers(0, 2, (20, KEYS))
    targets[:3] = [[0] * KEYS, [1] * KEYS, [1, 0, 0, 0, 1]]
    answers = rng.normal(size=(20, head.size))
    for frame, answer, nats in zip(targets, answers, head.nats(answers, targets)):
        a, expected = answer[:UNITS].copy(), 0.0
        for key, sounds in enumerate(frame):
            z = answer[UNITS + key] + head.V[key] @ (1 / (1 + np.exp(-a)))
            expected += np.log1p(np.exp(-z if sounds else z))
            a += sounds * head.W[key]
        assert nats == pytest.approx(expected, abs=1e-12)


def test_each_key_knows_of_those_below_and_of_no_other():
    """p(key | the rest) as a ratio of frames' probabilities, over frames that differ above it."""
    head = HEADS["nade"]()
    answers = np.random.default_rng(5).normal(size=head.size)

    def share(*below):
        """Of frames that begin so, the part in which the next key sounds."""
        frames = every_target("nade")
        frames = frames[(frames[:, : len(below)] == below).all(axis=1)]
        p = np.exp(-head.nats(np.tile(answers, (len(frames), 1)), frames))
        return p[frames[:, len(below)] == 1].sum() / p.sum()

    first = 1 / (1 + np.exp(-answers[UNITS] - head.V[0] @ (1 / (1 + np.exp(-answers[:UNITS])))))
    assert share() == pytest.approx(first)
    assert share(0) != pytest.approx(share(1), abs=1e-4)


def test_large_answers_give_finite_nats():
    for name in ("bernoulli", "nade"):
        head = HEADS[name]()
        answers = np.array([[1000.0], [-1000.0]]) * np.ones(head.size)
        nats, d_answers, _ = head.gradient(answers, np.array([[1] * KEYS, [1] * KEYS]))
        assert np.isfinite(nats).all()
        assert np.isfinite(d_answers).all()
        assert nats[1] >= 1000


def test_the_same_seed_makes_the_same_head():
    for kind in (lambda s: NadeHead(KEYS, UNITS, rng_seed=s),
                 lambda s: ChainHead(VOICES, VALUES, UNITS, rng_seed=s)):  # fmt: skip
        np.testing.assert_array_equal(kind(3).flat, kind(3).flat)
        assert (kind(3).flat != kind(4).flat).all()
