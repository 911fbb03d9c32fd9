"""A claim fails if one network fails: every row that claims something, from trainings made up."""

from types import SimpleNamespace

import numpy as np
import pytest

from lstm_music.reproduce import (
    blues,
    counting,
    mackey_glass,
    next_character,
    overfit,
    sines,
    timing,
)
from lstm_music.reproduce.curve import Curve
from lstm_music.reproduce.learning import share_wrong, success_row, wrong_row
from lstm_music.reproduce.task import Settings

CURVE = Curve("generations", "error", (1,), (1.0,))


def in_turn(*values):
    """A function that gives one value a call, whatever it is called with."""
    left = iter(values)
    return lambda *_, **__: next(left)


@pytest.mark.parametrize(
    ("counts", "published", "ours", "holds"),
    [
        ([1000, 3000], 5000, 2000, True),
        ([1000, None], 5000, 1000, False),
        ([6000, 5000], 5000, 5500, False),
        ([6000], None, 6000, True),
        ([None], None, None, False),
    ],
)
def test_every_network_must_succeed_and_sooner_than_published(counts, published, ours, holds):
    row = success_row("T = 5", counts, published, "A paper", "note")
    assert (row.ours, row.holds) == (ours, holds)


def test_the_worst_network_is_what_counts():
    row = wrong_row("T = 5", [0.0, 0.02], None, "A paper", below=0.01)
    assert (row.ours, row.holds) == (0.02, False)
    assert wrong_row("T = 5", [0.0, 0.009], None, "A paper", below=0.01).holds


def test_a_sequence_is_wrong_from_the_tolerance_on():
    batches = [SimpleNamespace(x=None, lengths=None)] * 2
    net = SimpleNamespace(forward=lambda *_: (None, None, None))
    judge = in_turn(np.array([0.0, 0.039]), np.array([0.04, 0.041]))
    assert share_wrong(net, batches, judge, 0.04) == 0.5


@pytest.mark.parametrize(("wrong_chorus", "right"), [(None, 1000), (998, 998)])
def test_the_blues_goes_on_for_a_thousand_choruses(wrong_chorus, right):
    def forward(form, chorus):
        answers = 2 * np.roll(form, -1, axis=0) - 1
        if (chorus or 0) == wrong_chorus:
            answers[70, 0, 3] *= -1
        return answers, (chorus or 0) + 1, None

    assert blues.right_choruses(SimpleNamespace(forward=forward), blues.chorus()) == right


def test_one_wrong_chorus_of_one_network_breaks_the_claim(monkeypatch):
    monkeypatch.setattr(blues, "train", lambda net, form: 0)
    monkeypatch.setattr(blues, "right_choruses", in_turn(1000, 999))
    row, _ = blues.run(Settings(runs=2))
    assert (row.ours, row.holds) == (999, False)


def test_the_training_loss_alone_chooses_who_counts(monkeypatch):
    monkeypatch.setattr(counting, "train", in_turn(0.2, 0.1, 0.3))
    monkeypatch.setattr(counting, "counts_to", in_turn(1000, 50, 1000))
    chosen, median = counting.run(Settings(runs=3))
    assert (chosen.ours, chosen.holds) == (50, False)
    assert (median.ours, median.holds) == (1000, None)


def test_counting_is_learnt_from_ten_strings(monkeypatch):
    sizes, whole = [], counting.batch_of

    def batch_of(*of):
        sizes.append(of)
        return whole(*of)

    monkeypatch.setattr(counting, "batch_of", batch_of)
    monkeypatch.setattr(counting, "UPDATES", 1)
    counting.train(counting.make_net(counting.CELL, 4, 3, 4, rng_seed=0))
    assert sizes == [tuple(range(1, 11))]


@pytest.mark.parametrize(("worst", "holds"), [(0.04, True), (0.06, False)])
def test_no_run_of_the_sines_errs_by_more_than_the_bound(worst, holds, monkeypatch):
    net = SimpleNamespace(go_on=lambda read, steps: np.zeros((steps, 1)))
    monkeypatch.setattr(sines, "evolved", lambda *_, **__: (net, CURVE))
    monkeypatch.setattr(sines, "nrmse", in_turn(0.0, worst))
    (row,) = sines.run(Settings(runs=2, only="5 sines"))
    assert row.ours == worst / 2
    assert row.holds is holds


@pytest.mark.parametrize(("worst", "holds"), [(0.009, True), (0.011, False)])
def test_no_run_of_mackey_glass_errs_by_a_hundredth(worst, holds, monkeypatch):
    monkeypatch.setattr(mackey_glass, "evolved", lambda *_, **__: (None, CURVE))
    monkeypatch.setattr(mackey_glass, "_error", in_turn(0.0, worst))
    (row,) = mackey_glass.run(Settings(runs=2))
    assert row.holds is holds


def test_the_new_sonnet_is_not_in_the_training(monkeypatch):
    read = []
    monkeypatch.setattr(next_character, "train", lambda net, codes, V, rng: read.append(codes))
    rows = {row.name: row for row in next_character.run(Settings(quick=True))}
    (codes,) = read
    assert np.array_equal(codes, next_character.text()[0])
    assert not rows["network, a new sonnet"].holds  # it has learnt nothing


@pytest.mark.parametrize(("right", "holds"), [(1000, True), (999, False)])
def test_all_spikes_must_be_right_with_peepholes(right, holds, monkeypatch):
    monkeypatch.setattr(timing, "climb", lambda *_: (-1.0, np.zeros(17)))
    monkeypatch.setattr(timing, "tested", lambda *_: (right, 0.1))
    for cell, claim in (("peephole", holds), ("lstm", None)):
        (row,) = timing.run(Settings(only=f"GTS, F = 50, {cell}"))
        assert (row.ours, row.holds) == (right, claim)


def test_a_batch_that_is_not_learnt_by_heart_breaks_the_claim(monkeypatch):
    monkeypatch.setattr(overfit, "learnt", in_turn((0.02, 20.0), (0.1, 30.0)))
    rows = {row.name: row.holds for row in overfit.run(Settings(quick=True))}
    assert rows == {
        "error left": False,
        "error left, l2 = 0.01": False,
        "norm of the weights": None,
        "norm of the weights, l2 = 0.01": False,
    }
