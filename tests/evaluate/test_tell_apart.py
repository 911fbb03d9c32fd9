"""Areas under the curve of classifiers, on features whose difference is known."""

import sys

import numpy as np
import pytest

from lstm_music.errors import ConfigError
from lstm_music.evaluate.tell_apart import (
    calibration,
    logistic_regression,
    single_auc,
    tell_apart,
    tell_halves_apart,
)

JUDGES = ("logistic regression", "boosted trees")


def noise(seed, n, features=20):
    return np.random.default_rng(seed).standard_normal((n, features))


@pytest.fixture
def once(monkeypatch):
    """One draw of the folds: enough where the areas are far apart."""
    monkeypatch.setattr("lstm_music.evaluate.tell_apart.REPEATS", 1)


def test_two_draws_of_one_distribution_cannot_be_told_apart():
    found = tell_apart(noise(1, 40), noise(2, 80), np.random.default_rng(0))
    assert tuple(found) == JUDGES
    for area in found.values():
        assert area.low < 0.5 < area.high
        assert 0.35 < area.auc < 0.65
        assert 0.15 < area.high - area.low < 0.4


def test_halves_of_one_set_cannot_be_told_apart():
    for area in tell_halves_apart(noise(3, 120), np.random.default_rng(0)).values():
        assert area.low < 0.5 < area.high
        assert 0.35 < area.auc < 0.65


def test_what_differs_is_told_whatever_its_scale_and_the_sizes(once):
    a, b = noise(1, 15), noise(2, 150)
    a[:, 0] += 6
    a, b = a * 10.0 ** np.arange(-10, 10), b * 10.0 ** np.arange(-10, 10)
    for found in tell_apart(a, b, np.random.default_rng(0)).values():
        assert found.auc > 0.95
        assert found.low > 0.9
        assert found.high <= 1


def test_trees_see_what_no_line_separates(once):
    a, b = noise(1, 60, 4), noise(2, 60, 4)
    a[:, 0] = np.sign(a[:, 0]) * (2 + np.abs(a[:, 0]))  # on both sides of b
    found = tell_apart(a, b, np.random.default_rng(0))
    assert found["boosted trees"].auc > 0.9
    assert found["logistic regression"].auc < 0.7


def test_unknown_and_constant_features_do_no_harm(once):
    a, b = noise(1, 30), noise(2, 30)
    a[:, 0] += 4
    a[::3, 0] = b[:, 1] = np.nan
    a[:, 2] = b[:, 2] = 7
    a[:, 3] = b[:, 3] = np.nan
    a[0, 4] = 1e12  # one odd piece
    for found in tell_apart(a, b, np.random.default_rng(0)).values():
        assert 0.75 < found.auc <= 1


def test_the_same_random_numbers_give_the_same_areas(once):
    a, b = noise(1, 20), noise(2, 20)
    first, again, other = (tell_apart(a, b, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert first == again != other


def test_one_feature_alone():
    assert single_auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1
    assert single_auc(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == 0.5
    assert single_auc(np.array([0.0, np.nan]), np.array([1.0, np.nan])) == 0
    assert single_auc(np.array([np.nan]), np.array([1.0])) is None


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(ConfigError, match=r"lstm_music\[judge\]"):
        tell_apart(noise(1, 10), noise(2, 10), np.random.default_rng(0))


@pytest.mark.parametrize("apart", [1.0, 3.0])
def test_calibrated_logits_are_neither_too_bold_nor_too_timid(apart):
    rows, labels = gaussians(5, 150, apart)
    found = logistic_regression().fit(rows, labels)
    scale = calibration(rows, labels, np.ones(len(labels)))
    new, true = gaussians(6, 2_000, apart)
    signed = np.where(true == 1, 1, -1) * found.decision_function(new)
    losses = [np.logaddexp(0, -k * scale * signed).mean() for k in (0.5, 1.0, 2.0)]
    assert min(losses) == losses[1]
    assert scale < 1.0 if apart == 1.0 else scale > 1.2


def gaussians(seed, n, apart):
    """Rows of two Gaussians, n of each, whose means differ in one of 40 features."""
    rows, labels = noise(seed, 2 * n, features=40), np.repeat([0, 1], n)
    rows[:, 0] += apart * labels
    return rows, labels


def test_calibration_needs_both_labels_in_every_fold():
    rows, labels = noise(7, 6), np.array([0, 0, 0, 0, 0, 1])
    assert calibration(rows, labels, np.ones(6)) == 1.0
