"""What the rows of the polyphonic tasks are of, and when their claims fail; nothing is trained."""

import pytest

from lstm_music.reproduce.polyphony import jsb16, task
from lstm_music.reproduce.polyphony.heads import NadeHead
from lstm_music.reproduce.polyphony.learner import Outcome
from lstm_music.reproduce.polyphony.rolls import made_up_rolls
from lstm_music.reproduce.polyphony.scores import Score
from lstm_music.reproduce.task import Settings


@pytest.fixture
def learner(monkeypatch):
    """In place of the learner: what ``score_of`` makes of (head, pieces) is its score."""

    def install(score_of):
        class Stub:
            def __init__(self, settings, input_size, head):
                self.head = head

            def fit(self, train, valid, on_epoch, again=None):
                return Outcome(self.score(valid), 1, [20.0, 10.0], 0, 0.0)

            def score(self, pieces):
                value = score_of(self.head, pieces)
                return Score(value, value + 0.5, 1)

        monkeypatch.setattr(task, "Learner", Stub)
        monkeypatch.setattr(jsb16, "Learner", Stub)

    return install


@pytest.fixture
def splits(monkeypatch):
    """Of 9 pieces to train on, 4 of valid, 5 of test."""
    made = {name: made_up_rolls(n, n) for name, n in (("train", 9), ("valid", 4), ("test", 5))}
    monkeypatch.setattr(task, "rolls_of", lambda settings, needed_by: made)


def rows_of(module, only):
    return {row.name: row for row in module.run(Settings(quick=True, only=only))}


def test_each_split_is_scored_on_its_own_pieces(learner, splits):
    learner(lambda head, pieces: float(len(pieces)))
    rows = rows_of(task, "lstm, independent")
    for split, pieces in (("valid", 4), ("test", 5)):
        assert rows[f"made up, lstm, independent, {split}, all frames"].ours == pieces
        assert rows[f"made up, lstm, independent, {split}, frames 2..T"].ours == pieces + 0.5


@pytest.mark.parametrize(("nade", "holds"), [(4.9, True), (5.1, False)])
def test_nade_must_pay_less_than_independent_keys(nade, holds, learner, splits):
    learner(lambda head, pieces: nade if isinstance(head, NadeHead) else 5.0)
    rows = rows_of(task, "lstm")
    assert rows["made up, lstm, independent, valid, all frames"].holds
    assert rows["made up, lstm, NADE, valid, all frames"].holds is holds


def test_a_network_must_pay_less_than_the_first_order_model(learner, splits):
    learner(lambda head, pieces: 60.0)
    rows = rows_of(task, None)
    floor = rows["made up, first order of each key, valid"].ours
    assert floor < 60
    assert not rows["made up, lstm, independent, valid, all frames"].holds


def test_a_step_of_a_chorale_has_four_notes(learner):
    learner(lambda head, pieces: 2.0)
    row = rows_of(jsb16, "lstm")["lstm, valid"]
    assert row.ours == 0.5
    assert row.curve.y == (5.0, 2.5)


def test_a_chorale_must_cost_less_than_repeats(learner):
    floor = jsb16.repeat_nats(jsb16.made_up_steps(30, 1), jsb16.made_up_steps(10, 2))
    for nats, holds in ((floor - 0.01, True), (floor + 0.01, False)):
        learner(lambda head, pieces, nats=nats: 4 * nats)
        assert rows_of(jsb16, "lstm")["lstm, valid"].holds is holds
