"""What the tasks hold a network to: the papers' stop rules, and metrics that see one error."""

from types import SimpleNamespace

import numpy as np
import pytest

from lstm_music.reproduce import (
    adding,
    continual_reber,
    counting,
    embedded_reber,
    long_lag,
    long_lag_2c,
    multiplication,
    next_character,
    overfit,
    temporal_order,
    timing,
)
from lstm_music.reproduce.evolving import nrmse
from lstm_music.reproduce.learning import make_net
from lstm_music.reproduce.reber import strings
from lstm_music.reproduce.task import Settings


class BegunError(Exception):
    """Raised where a training would begin."""


STOP_RULES = [
    # module, row, error of a right answer, sequences looked at, wrong ones below, mean error below
    (long_lag, "2a", 0.25, 10_000, 1, np.inf),
    (long_lag, "2b", 0.25, 10_000, 1, np.inf),
    (long_lag_2c, "q = 1000, p = 50", 0.2, 10_000, 1, np.inf),
    (adding, "T = 1000", 0.04, 2000, 1, 0.01),
    (multiplication, "fewer than 140 wrong", 0.04, 2000, 140, np.inf),
    (multiplication, "fewer than 13 wrong", 0.04, 2000, 13, np.inf),
    (temporal_order, "6a", 0.3, 2000, 1, 0.1),
    (temporal_order, "6b", 0.3, 2000, 1, 0.1),
]
"""Hochreiter & Schmidhuber (1997), experiments 2 and 4 to 6."""


@pytest.mark.parametrize(("module", "row", "tolerance", "in_a_row", "wrong", "mean"), STOP_RULES)
def test_training_stops_by_the_rule_of_the_paper(
    module, row, tolerance, in_a_row, wrong, mean, monkeypatch
):
    asked = {}

    def begun(*_, **options):
        asked.update(options)
        raise BegunError

    monkeypatch.setattr(module, "train_until_right", begun)
    with pytest.raises(BegunError):
        list(module.run(Settings(only=row)))
    assert asked["tolerance"] == tolerance
    assert asked["in_a_row"] == in_a_row
    assert asked.get("wrong_below", 1) == wrong
    assert asked.get("mean_below", np.inf) == mean


def test_reber_strings_to_train_on_and_to_test_on_must_all_be_right(monkeypatch):
    looked_at = []

    def all_right(net, batch):
        looked_at.append(batch)
        return True

    monkeypatch.setattr(embedded_reber, "all_right", all_right)
    net = make_net("lstm", 7, 4, 7, rng_seed=0)
    done = embedded_reber.strings_to_success(net, np.random.default_rng(0))
    assert done == 64
    assert [batch.size for batch in looked_at] == [512]
    rng = np.random.default_rng(0)
    test = embedded_reber.batch_of([*strings(256, rng), *strings(256, rng)][256:])
    steps = len(test.x)
    assert np.array_equal(looked_at[0].x[:steps, 256:], test.x)


def test_the_lag_of_2a_and_2b_is_bridged_by_the_first_symbol():
    for task in ("2a", "2b"):
        batch = long_lag.draw(np.random.default_rng(0), 300, task=task)
        assert batch.x.shape == batch.targets.shape == (100, 300, 101)
        symbols, last = batch.x.argmax(axis=2), batch.targets[-1].argmax(axis=1)
        assert np.array_equal(symbols[0], last)
        assert set(last) == {99, 100}
        between = symbols[1:]
        assert between.max() < 99
        assert np.array_equal(batch.targets[:-1], batch.x[1:])
        if task == "2a":
            assert all(np.array_equal(row, np.arange(99)) for row in between.T)
            assert (batch.asked > 0).all()
        else:
            assert len(np.unique(between)) == 99
            assert abs(between.mean() - 49) < 1
            assert (batch.asked[:-1] == 0).all()


@pytest.mark.parametrize(("quick", "symbols"), [(False, 100_000), (True, 5000)])
def test_a_continual_network_with_one_error_is_not_perfect(quick, symbols, monkeypatch):
    lasted = iter([symbols, symbols - 1, symbols, symbols])
    asked = []

    def until_error(_net, length, _rng):
        asked.append(length)
        return next(lasted)

    monkeypatch.setattr(continual_reber, "train", lambda net, rng: [1.0, 0.5])
    monkeypatch.setattr(continual_reber, "symbols_until_error", until_error)
    (row,) = continual_reber.run(Settings(runs=4, quick=quick))
    assert row.ours == 0.75
    assert not row.holds
    assert asked == [symbols] * 4


def test_one_wrong_symbol_ends_the_count():
    class Oracle:
        """Accepts every string; of n = 8 it forbids the last b."""

        def forward(self, x):
            n = len(x) // 3
            answers = 2 * counting.batch_of(n).targets - 1
            if n == 8:
                answers[2 * n - 1, 0, 1] *= -1
            return answers, None, None

    assert counting.counts_to(Oracle()) == 7


@pytest.mark.parametrize("task", timing.TOLERANCE)
def test_a_test_ends_where_an_output_errs_by_the_tolerance(task):
    F, streams = 10, np.random.default_rng(3)
    x, targets, asked = timing.stream(task, F, timing.TESTED, streams)
    at = int(np.flatnonzero(asked)[321] if task == "MSD" else 321 * F + 4)
    tolerance = 0.49 if task in ("MSD", "GTS") else 0.3

    def before(error):
        shown = np.clip(targets, 0.001, 0.999)
        shown[at] = abs(targets[at] - error) if targets[at] > 0.5 else targets[at] + error
        nets = SimpleNamespace(answers=lambda _net, read: np.log(shown / (1 - shown))[:, None])
        return timing.tested(nets, np.zeros(3), task, F, np.random.default_rng(3))[0]

    assert before(tolerance - 0.002) == timing.TESTED == 1000
    assert before(tolerance + 0.002) == 321
    assert len(x) == len(targets)


def test_an_error_is_in_deviations():
    wanted = np.array([[1.0], [2.0], [3.0]])
    assert nrmse(wanted, wanted, 0.5) == 0
    run = np.array([[4.0], [2.0], [7.0]])
    assert nrmse(run, wanted, 0.5) == pytest.approx((25 / 3) ** 0.5 / 0.5)


def test_the_counts_of_characters_in_closed_form():
    """a b a b a: after a comes b twice, after b comes a twice; one is added to each of 3 x 3."""
    read = np.array([0, 1, 0, 1, 0])
    single, after = next_character.nats_by_counts(read, np.array([0, 1, 2]), 3)
    assert single == pytest.approx(-np.log(5 / 13 * 3 / 13) / 2)
    assert after == pytest.approx(-np.log(3 / 5 * 1 / 5) / 2)


def test_without_an_update_nothing_is_learnt_by_heart(monkeypatch):
    monkeypatch.setattr(overfit, "UPDATES", 0)
    left, norm = overfit.learnt("lstm", 0, rng_seed=0)
    assert 0.9 < left < 1.3
    assert norm > 0
