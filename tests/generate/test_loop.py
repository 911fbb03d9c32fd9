"""The compiled loop's random numbers: Philox4x32-10, one for each (key, sequence, index)."""

import numpy as np

from lstm_music.generate.loop import philox_uniform


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
