"""The data of the tasks are those of the papers."""

import numpy as np
import pytest

from lstm_music.nn.sequence_net import squared_error
from lstm_music.reproduce import (
    adding,
    blues,
    continual_reber,
    counting,
    long_lag_2c,
    multiplication,
    next_character,
    temporal_order,
    timing,
)
from lstm_music.reproduce.embedded_reber import all_right, batch_of
from lstm_music.reproduce.learning import make_net, train_until_right, worst_error
from lstm_music.reproduce.reber import SYMBOLS, Streams, strings


def words(x):
    return "".join(SYMBOLS[k] for k in x.argmax(axis=-1))


def test_two_numbers_are_marked_and_their_sum_is_asked_for():
    batch = adding.draw(np.random.default_rng(0), 500, T=100)
    assert set(batch.lengths) == set(range(100, 111))
    for row, length in enumerate(batch.lengths):
        numbers, marks = batch.x[:length, row].T
        chosen = np.flatnonzero(marks == 1)
        assert marks[length - 1] == -1
        assert marks[0] in (-1, 1)
        if len(chosen) == 2:
            assert chosen[0] < 10
            assert chosen[1] < 49
            expected = 0.5 + numbers[chosen].sum() / 4
            assert batch.targets[length - 1, row, 0] == pytest.approx(expected, abs=1e-6)
        assert np.flatnonzero(batch.asked[:, row]).tolist() == [length - 1]
    assert batch.x[:, :, 0].min() < -0.9


def test_the_first_number_where_it_is_marked():
    rng = np.random.default_rng(1)
    for task, value in ((partial_adding, 0), (multiplication.draw, 1)):
        batch = task(rng, 400)
        first = batch.x[0, batch.x[0, :, 1] == 1, 0]
        assert len(first) > 10
        assert (first == value).all()


def partial_adding(rng, B):
    return adding.draw(rng, B, T=100)


def test_products_are_of_numbers_above_0():
    batch = multiplication.draw(np.random.default_rng(0), 200)
    assert batch.x[:, :, 0].min() >= 0
    row, length = 7, batch.lengths[7]
    numbers, marks = batch.x[:length, row].T
    assert batch.targets[length - 1, row, 0] == pytest.approx(np.prod(numbers[marks == 1]))


@pytest.mark.parametrize("task", ["6a", "6b"])
def test_the_class_is_the_order(task):
    batch = temporal_order.draw(np.random.default_rng(0), 300, task=task)
    names = np.array(list(temporal_order.SYMBOLS))
    for row, length in enumerate(batch.lengths):
        text = "".join(names[batch.x[:length, row].argmax(axis=1)])
        assert text[0] == "E"
        assert text[-1] == "B"
        order = "".join(c for c in text if c in "XY")
        assert len(order) == len(temporal_order.PLACES[task])
        kind = int(order.replace("X", "0").replace("Y", "1"), 2)
        assert batch.targets[length - 1, row].argmax() == kind
        places = [k for k, c in enumerate(text) if c in "XY"]
        for place, (first, last) in zip(places, temporal_order.PLACES[task]):
            assert first <= place <= last


def test_the_lag_of_2c_is_longer_than_q():
    q, p = 30, 7
    batch = long_lag_2c.draw(np.random.default_rng(0), 400, q=q, p=p)
    symbols = batch.x.argmax(axis=2)
    for row, length in enumerate(batch.lengths):
        assert symbols[0, row] == p + 1
        assert symbols[length - 1, row] == p
        assert length - 2 >= q + 1
        assert (symbols[2 : length - 1, row] < p).all()
        assert batch.targets[length - 1, row].argmax() == symbols[1, row] - p - 2
    assert batch.lengths.mean() == pytest.approx(q + 2 + 10, abs=2)


def test_reber_strings_remember_their_second_symbol():
    found = strings(200, np.random.default_rng(0))
    for x, legal in found:
        text = words(x)
        assert text[0] == "B"
        assert text[1] == text[-1]
        assert text[1] in "TP"
        assert text[2] == "B"
        assert text[-2] == "E"
        for symbol, may_come in zip(x[1:], legal):
            assert may_come[symbol.argmax()] == 1
        assert SYMBOLS[legal[-1].argmax()] == "E"
        assert legal.sum(axis=1).max() == 2
    assert len({words(x) for x, _ in found}) > 60


def test_a_stream_goes_on_where_it_stopped():
    whole = Streams(3, np.random.default_rng(5)).take(40)[0]
    assert words(whole[:, 0]).startswith("B")
    streams = Streams(3, np.random.default_rng(6))
    _, legal = streams.take(25)
    x2, _ = streams.take(25)
    assert (legal[-1] * x2[0]).sum() == 3


def test_a_random_net_is_not_right_on_reber_strings():
    batch = batch_of(strings(20, np.random.default_rng(0)))
    assert not all_right(make_net("lstm", 7, 4, 7, rng_seed=0), batch)


def test_what_may_follow_in_a_counting_string():
    batch = counting.batch_of(2, 1)
    assert batch.x[:7, 0].argmax(axis=1).tolist() == [0, 1, 1, 2, 2, 3, 3]
    assert batch.targets[:7, 0].tolist() == [
        [1, 0, 0, 0],
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
    ]
    assert batch.targets[:4, 1].argmax(axis=1).tolist() == [0, 0, 2, 3]
    assert batch.asked.sum(axis=0).tolist() == [7, 4]


def test_the_form_has_twelve_bars_of_four_notes():
    form = blues.chorus()
    assert form.shape == (96, 1, 12)
    assert (form.sum(axis=2) == 4).all()
    assert form[0, 0, [0, 4, 7, 10]].all()


def test_an_untrained_net_does_not_play_the_blues():
    assert blues.right_choruses(make_net("lstm", 12, 8, 12, rng_seed=0), blues.chorus()) == 0


def test_the_seventh_sonnet_is_kept_apart():
    six, seventh, V = next_character.text()
    assert len(six) + len(seventh) == 4316
    assert max(six.max(), seventh.max()) == V - 1
    assert len(seventh) > 500


@pytest.mark.parametrize(
    ("errors", "rule", "sequences"),
    [
        ([1.0] * 3, {}, 13),  # all of the last ten are right
        ([0.4] * 15, {"mean_below": 0.3}, 21),  # right, but four of 0.4 and six of 0.2 are wanted
    ],
)
def test_the_stop_rule(errors, rule, sequences):
    told = iter([*errors, *[0.2 if rule else 0.0] * 100])

    def judge(answers, batch):
        return np.array([next(told) for _ in range(batch.size)])

    outcome = train_until_right(
        make_net("lstm", 2, 4, 1, rng_seed=0),
        lambda rng, B: adding.draw(rng, B, T=30),
        squared_error,
        judge,
        tolerance=0.5,
        in_a_row=10,
        limit=1000,
        batch_size=1,
        learning_rate=0.01,
        rng=np.random.default_rng(0),
        **rule,
    )
    assert outcome.sequences == sequences
    assert outcome.before == (11 if rule else 3)


def test_an_error_counts_only_where_an_answer_is_asked_for():
    batch = adding.draw(np.random.default_rng(0), 5, T=30)
    wrong = batch.targets + 9 * (batch.asked[:, :, None] == 0)
    assert worst_error(wrong, batch).max() == 0
    assert worst_error(batch.targets + 0.25, batch) == pytest.approx(0.25)


@pytest.mark.parametrize(("error", "right"), [(0.4899, 3000), (0.4901, 1234)])
def test_a_stream_ends_where_an_output_errs_by_the_tolerance(error, right):
    class Oracle:
        """Knows the streams; is sure of every symbol but one."""

        def __init__(self):
            self.streams, self.done = Streams(10, np.random.default_rng(5)), 0

        def forward(self, x, state):
            _, legal = self.streams.take(len(x))
            answers = 9 * (2 * legal - 1)
            if self.done <= 1234 < self.done + len(x):
                side = 2 * legal[1234 - self.done, 3, 2] - 1
                answers[1234 - self.done, 3, 2] = side * np.log((1 - error) / error)
            self.done += len(x)
            return answers, state, None

    assert continual_reber.symbols_until_error(Oracle(), 3000, np.random.default_rng(5)) == right


def test_all_waves_are_0_at_the_period_and_cross_a_half_together():
    for F in (10, 25):
        waves = [timing.stream(task, F, 3, np.random.default_rng(0))[1] for task in timing.WAVES]
        crossings = [timing.changes(wave > 0.5).tolist() for wave in waves]
        assert crossings[0] == crossings[1] == crossings[2]
        assert len(crossings[0]) == 6
        for wave in waves:
            assert wave[F - 1] == pytest.approx(0, abs=1e-12)
            assert np.allclose(wave[:F], wave[F : 2 * F])
            assert set(np.unique(waves[2])) == {0.0, 1.0}
        assert waves[1][1] - waves[1][0] == pytest.approx(2 / F)
