"""The compiled choice of a token: Philox4x32-10 numbers, and what they choose."""

import numpy as np
import pytest

from lstm_music.generate.draw import draw_py, philox_uniform
from lstm_music.generate.sampling import Sampling


def test_philox_gives_the_published_words():
    # Random123's known answer for counter 0, key 0 starts 6627e8d5 e169c58d.
    words = (0x6627E8D5 << 21) | (0xE169C58D >> 11)
    assert philox_uniform(0, 0, 0) == words / 2**53


def test_philox_of_the_all_ones_counter_and_key():
    # Known answer for counter and key of all ones: 408f276d 41c83b0e.
    ones = 2**64 - 1
    assert philox_uniform(ones, ones, ones) == ((0x408F276D << 21) | (0x41C83B0E >> 11)) / 2**53


def test_numbers_are_even_and_streams_differ():
    draws = np.array([[philox_uniform(7, s, i) for i in range(2000)] for s in range(4)])
    assert draws.min() >= 0.0
    assert draws.max() < 1.0
    counts = np.histogram(draws, bins=20, range=(0, 1))[0]
    expected = draws.size / 20
    assert ((counts - expected) ** 2 / expected).sum() < 45  # chi2(19), p = 0.0007
    assert np.abs(np.corrcoef(draws)[np.triu_indices(4, 1)]).max() < 0.1


def sorted_draw(logits, mask, sampling, u):
    """What draw_py should choose, by sorting all of it."""
    order = [i for i in np.argsort(-logits, kind="stable") if mask[i]]
    weights = np.exp((logits[order].astype(np.float64) - logits[order[0]]) / sampling.temperature)
    keep = (weights >= 1e-9) & (weights >= sampling.min_p)
    order, weights = np.array(order)[keep], weights[keep]
    if sampling.top_k:
        order, weights = order[: sampling.top_k], weights[: sampling.top_k]
    mass = np.cumsum(weights)
    n = int(np.argmax(mass >= sampling.top_p * mass[-1] * (1 - 1e-12))) + 1
    return int(order[:n][np.searchsorted(mass[:n], u * mass[n - 1], side="right")])


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(1.0, 0, 1.0, 0.0),
        Sampling(0.9, 0, 0.95, 0.0),
        Sampling(0.3, 0, 0.5, 0.0),
        Sampling(1.5, 7, 1.0, 0.0),
        Sampling(1.5, 7, 0.6, 0.0),
        Sampling(1.0, 1, 1.0, 0.0),
        Sampling(1.0, 0, 1.0, 0.2),
    ],
)
def test_draws_are_those_of_a_full_sort(sampling):
    rng = np.random.default_rng(0)
    for V in (1, 2, 3, 10, 257):
        for _ in range(40):
            logits = rng.normal(0, 2, V).astype(np.float32).round(1)  # rounded: some are equal
            mask = (rng.random(V) < 0.7).astype(np.uint8)
            mask[rng.integers(V)] = 1
            u = rng.random()
            assert draw_py(logits, mask, sampling, u) == sorted_draw(logits, mask, sampling, u)


def test_nothing_allowed_draws_nothing():
    assert draw_py(np.zeros(5, np.float32), np.zeros(5, np.uint8), Sampling(), 0.5) == -1
