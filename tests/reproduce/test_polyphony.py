"""Piano rolls, their simplest models, the learner, and the tasks made of them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from paths import SHARED_DATA, needs_shared_data

from lstm_music.cli.main import run as run_cli
from lstm_music.errors import ConfigError
from lstm_music.reproduce.polyphony import jsb16, odyssey, scores, task
from lstm_music.reproduce.polyphony.heads import BernoulliHead
from lstm_music.reproduce.polyphony.learner import Learner
from lstm_music.reproduce.polyphony.learner import Settings as Training
from lstm_music.reproduce.polyphony.rolls import (
    KEYS,
    made_up_rolls,
    name_of,
    next_frame,
    read_rolls,
)
from lstm_music.reproduce.task import Settings

SMALL = Training(
    hidden_sizes=(8,), epochs=3, batch_size=3, chunk_steps=16, learning_rate=0.02, averaging=0.5
)


@pytest.fixture
def file(tmp_path):
    """A file with three splits, and the rolls in it."""
    splits = {name: made_up_rolls(n, n) for name, n in (("train", 9), ("valid", 4), ("test", 5))}
    arrays = {}
    for name, rolls in splits.items():
        arrays[f"{name}_frames"] = np.packbits(np.concatenate(rolls), axis=1)
        arrays[f"{name}_lengths"] = np.array([len(roll) for roll in rolls], np.int32)
    np.savez(tmp_path / "rolls.npz", **arrays)
    return tmp_path / "rolls.npz", splits


def changed(path, **arrays):
    with np.load(path) as held:
        kept = {name: held[name] for name in held.files} | arrays
    np.savez(path, **{name: array for name, array in kept.items() if array is not None})


def test_a_file_gives_the_rolls_back(file):
    path, splits = file
    found = read_rolls(path)
    assert found.keys() == splits.keys()
    for name, rolls in splits.items():
        assert all(np.array_equal(a, b) for a, b in zip(found[name], rolls, strict=True))
    assert name_of(found["train"]) is None


def test_a_file_that_is_not_of_the_form_is_refused(file):
    path, _ = file
    changed(path, test_lengths=np.array([3, 4]))
    with pytest.raises(ConfigError, match="test_lengths must cut"):
        read_rolls(path)
    changed(path, test_lengths=None)
    with pytest.raises(ConfigError, match="test_lengths must cut"):
        read_rolls(path)
    changed(path, test_frames=None, train_frames=None)
    with pytest.raises(ConfigError, match="must hold train_frames"):
        read_rolls(path)
    path.write_bytes(b"no archive")
    with pytest.raises(ConfigError, match="cannot read"):
        read_rolls(path)
    np.savez(path, train_frames=np.zeros((4, 3), np.uint8), train_lengths=np.array([4]))
    with pytest.raises(ConfigError, match="11 bytes"):
        read_rolls(path)


def test_the_metric_in_closed_form():
    """One key sounds in half of the frames; all others never do."""
    roll = np.zeros((100, KEYS), np.uint8)
    roll[::2, 40] = 1
    silent = (KEYS - 1) * -np.log(1 - 1 / 102)
    expected = silent + np.log(2)
    found = scores.score_static([roll], [roll])
    assert found.all_frames == pytest.approx(expected, abs=1e-12)
    assert found.frames == 100
    uniform = scores.score([scores.bernoulli_nats(np.full(KEYS, 0.5), roll)])
    assert uniform.all_frames == pytest.approx(60.997, abs=1e-3)
    assert uniform.all_frames == pytest.approx(scores.UNIFORM_NATS, abs=1e-12)


def test_the_mean_is_over_frames_and_the_first_of_a_piece_may_be_left_out():
    found = scores.score([np.array([9.0, 1.0, 2.0]), np.array([6.0])])
    assert found.all_frames == 18 / 4
    assert found.later_frames == 3 / 2
    assert np.isnan(scores.score([np.array([6.0])]).later_frames)


def test_the_first_order_model_knows_what_alternates():
    roll = np.zeros((101, KEYS), np.uint8)
    roll[::2, 40] = 1
    p = scores.markov_model([roll])
    assert p[0, 40] == pytest.approx(51 / 52)
    assert p[1, 40] == pytest.approx(1 / 52)
    assert scores.score_markov([roll], [roll]).later_frames < 1.5
    assert scores.score_static([roll], [roll]).later_frames > 1.5


@needs_shared_data
@pytest.mark.parametrize(
    ("file_name", "name", "nats"),
    [
        ("jsb", "JSB Chorales", 10.952),
        ("nottingham", "Nottingham", 10.003),
        ("musedata", "MuseData", 11.847),
        ("piano_midi", "Piano-midi.de", 11.491),
    ],
)
def test_the_static_model_on_the_sets(file_name, name, nats):
    """The paper's figures are of its test sets; here the same rule on what is at hand."""
    splits = read_rolls(SHARED_DATA / "polyphony" / f"{file_name}.npz")
    assert name_of(splits["train"]) == name
    static = scores.score_static(splits["train"], splits["valid"])
    assert static.all_frames == pytest.approx(nats, abs=0.001)
    if "test" in splits:
        static = scores.score_static(splits["train"], splits["test"])
        assert round(static.all_frames, 2) == task.STATIC[name]


def fitted(settings=SMALL, rolls=6):
    learner = Learner(settings, KEYS, BernoulliHead(KEYS))
    pairs = [next_frame(roll) for roll in made_up_rolls(rolls, 1)]
    return learner, pairs, learner.fit(pairs, pairs[:3])


def test_inputs_know_nothing_of_the_frame_they_predict():
    roll = made_up_rolls(1, 0)[0]
    inputs, targets = next_frame(roll)
    assert not inputs[0].any()
    assert np.array_equal(inputs[1:], targets[:-1])
    learner, _, _ = fitted(replace(SMALL, shortcut=True))
    before = learner.nats([next_frame(roll)])[0]
    roll[20:] = 1 - roll[20:]
    after = learner.nats([next_frame(roll)])[0]
    assert np.array_equal(before[:20], after[:20])
    assert before[20] != after[20]


def test_chunks_and_neighbours_change_no_score():
    learner, pairs, _ = fitted()
    together = learner.nats(pairs)
    assert [len(nats) for nats in together] == [len(targets) for _, targets in pairs]
    learner.settings = replace(SMALL, chunk_steps=1000, batch_size=1)
    for nats, alone in zip(together, learner.nats(pairs)):
        np.testing.assert_allclose(nats, alone, rtol=1e-5)


def test_the_best_epoch_is_what_is_left():
    learner, pairs, outcome = fitted()
    assert outcome.valid.all_frames == min(outcome.curve) == outcome.curve[outcome.epoch - 1]
    assert learner.score(pairs[:3]) == outcome.valid
    assert outcome.curve[-1] < outcome.curve[0]


def test_the_same_seed_learns_the_same():
    first, second = fitted(), fitted()
    assert first[2].curve == second[2].curve
    assert np.array_equal(first[0].net.flat, second[0].net.flat)
    assert fitted(replace(SMALL, rng_seed=1))[2].curve != first[2].curve


def test_the_mean_of_the_weights_is_scored_and_training_goes_on_from_the_weights():
    averaged, alone = fitted(replace(SMALL, averaging=0.9)), fitted(replace(SMALL, averaging=0))
    assert all(a != b for a, b in zip(averaged[2].curve, alone[2].curve, strict=True))
    assert fitted(replace(SMALL, averaging=0))[2].curve == alone[2].curve
    first_step = replace(SMALL, epochs=1, batch_size=6, chunk_steps=100, averaging=1e-9)
    np.testing.assert_allclose(
        fitted(first_step)[2].curve, fitted(replace(first_step, averaging=0))[2].curve, rtol=1e-5
    )


def test_what_disturbs_training_is_not_in_the_score():
    learner, pairs, _ = fitted(replace(SMALL, input_noise=1.0, output_dropout=0.5))
    assert learner.score(pairs) == learner.score(pairs)
    quiet = replace(SMALL, input_dropout=0, output_dropout=0)
    curves = [
        fitted(replace(quiet, **change))[2].curve
        for change in (
            {},
            {"input_noise": 1.0},
            {"input_dropout": 0.5},
            {"output_dropout": 0.5},
            {"recurrent_dropout": 0.5},
        )
    ]
    assert len({curve[-1] for curve in curves}) == 5


def test_an_update_leaves_the_recurrent_weights_it_dropped():
    settings = replace(
        SMALL, hidden_sizes=(8, 6), epochs=1, batch_size=6, chunk_steps=100, input_dropout=0,
        output_dropout=0, recurrent_dropout=0.5, averaging=0,
    )  # fmt: skip
    learner = Learner(settings, KEYS, BernoulliHead(KEYS))
    before = [{name: a.copy() for name, a in cell.params.items()} for cell in learner.net.cells]
    pairs = [next_frame(roll) for roll in made_up_rolls(6, 1)]
    learner.fit(pairs, pairs[:3])  # one update
    for cell, old in zip(learner.net.cells, before):
        left = (cell.params["U"] == old["U"]).mean()
        assert 0.35 < left < 0.65
        assert (cell.params["b"] != old["b"]).mean() > 0.9


@pytest.mark.parametrize("name", ["polyphony", "jsb16"])
def test_the_claims_hold_in_small(name, capsys):
    assert run_cli(["reproduce", name, "--quick", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any(row["holds"] for row in rows)
    curves = [row["curve"]["y"] for row in rows if row["curve"]]
    assert curves
    assert all(curve[-1] < curve[0] for curve in curves)
    if name == "polyphony":
        by_name = {row["name"]: row["ours"] for row in rows}
        assert by_name["made up, p = 0.5, valid"] == pytest.approx(60.997, abs=1e-3)
        assert by_name["made up, lstm, NADE, valid, all frames"] < 3
        assert by_name["made up, lstm, independent, valid, all frames"] > 3.5


def test_a_file_is_scored_on_every_split_it_holds(file):
    settings = Settings(quick=True, data=file[0], cell="gru", only="gru, independent")
    rows = list(task.run(settings))
    assert [row.name for row in rows] == [
        f"rolls, gru, independent, {split}, {frames}"
        for split in ("valid", "test")
        for frames in ("all frames", "frames 2..T")
    ]
    assert all(row.published is None for row in rows)


def test_each_set_has_a_recipe_and_some_heads_have_their_own():
    lstm, *_, nade, conv = task.models(None, quick=False)
    assert conv.convolves
    assert conv.training("JSB Chorales", quick=False) == task.BASE
    assert nade.training("JSB Chorales", quick=False) != task.RECIPES["JSB Chorales"]
    for name, recipe in task.RECIPES.items():
        assert lstm.training(name, quick=False) == recipe
        assert nade.training(name, quick=False) == task.NADE_RECIPES.get(name, recipe)
    assert lstm.training(None, quick=False) == task.BASE
    assert lstm.training("JSB Chorales", quick=True) == task.QUICK


def test_one_row_may_be_asked_for_by_its_name(file):
    name = "rolls, gru, NADE, test, frames 2..T"
    rows = task.run(Settings(quick=True, data=file[0], cell="gru", only=name))
    assert [row.name for row in rows] == [name]


def test_published_figures_stand_beside_test_alone(monkeypatch, file):
    monkeypatch.setattr(task, "name_of", lambda train: "JSB Chorales")
    rows = {row.name: row for row in task.run(Settings(quick=True, data=file[0]))}
    assert rows["JSB, lstm, independent, test, all frames"].published == 8.33
    assert rows["JSB, lstm, NADE, test, all frames"].published == 5.56
    assert rows["JSB, share of each key, test"].published == 11.06
    assert rows["JSB, share of each key, test"].holds is False
    valid = rows["JSB, lstm, independent, valid, all frames"]
    assert valid.published is None
    assert "on test: 8.33" in valid.note


@pytest.mark.parametrize("module", [task, odyssey, jsb16])
def test_without_a_file_only_the_quick_version_runs(module):
    with pytest.raises(ConfigError, match="--data"):
        list(module.run(Settings()))


def test_a_file_without_valid_is_refused(file):
    changed(file[0], valid_frames=None)
    with pytest.raises(ConfigError, match="valid_frames"):
        list(task.run(Settings(data=file[0])))


def test_a_trial_has_the_same_draw_for_every_variant_and_seed():
    assert odyssey.draw(3) == odyssey.draw(3)
    assert odyssey.draw(3) != odyssey.draw(4)
    drawn = [odyssey.draw(k) for k in range(60)]
    sizes = [one.hidden_sizes[0] for one in drawn]
    assert min(sizes) < 30
    assert 80 < max(sizes) <= 100
    assert all(0.003 <= one.learning_rate <= 0.03 for one in drawn)
    assert len({one.epochs * one.batch_size for one in drawn}) == 1


def test_two_variants_of_the_odyssey_learn(capsys):
    rows = list(odyssey.run(Settings(quick=True, only="NOAF, ")))
    assert [row.name for row in rows] == ["NOAF, median, valid", "NOAF, best, valid"]
    assert rows[1].holds


def test_the_table_compares_at_equal_draws():
    values = np.linspace(8, 9, 30)
    rows = {
        row.name: row
        for row in odyssey.table({"V": values, "NFG": values + 0.5}, "valid", floor=8.2)
    }
    assert rows["V, median, valid"].ours == 8.5
    assert rows["V, best, valid"].ours == 8
    assert rows["V, best, valid"].holds
    assert rows["NFG, best, valid"].holds is False
    assert "+0.500 (+0.500 to +0.500)" in rows["NFG, median, valid"].note
    assert "against" not in rows["V, median, valid"].note


def test_the_interval_of_a_median_holds_it_and_counts_the_lost():
    values = np.array([8.0, 9.0, np.inf, 8.5, 8.7] * 6)
    median, low, high = odyssey.interval(values, "median")
    assert low <= median == 8.7 <= high
    best, low, high = odyssey.interval(values, "best")
    assert best == low == 8.0 <= high


def test_voices_know_those_before_them_and_the_place_in_the_bar():
    values = jsb16.made_up_steps(1, 0)[0]
    inputs, targets = jsb16.next_step(values)
    assert np.array_equal(targets, values)
    assert not inputs[0, : 4 * 47].any()
    assert (inputs[1:, : 4 * 47].sum(axis=1) == 4).all()
    assert np.array_equal(inputs[:, 4 * 47 :].argmax(axis=1), np.arange(len(values)) % 16)
    assert inputs[5, 2 * 47 + values[4, 2]] == 1


def test_a_shift_stays_within_the_pitches_and_leaves_rests():
    rng = np.random.default_rng(0)
    values = np.array([[40, 20, 46, 2]])
    shifts = set()
    for _ in range(200):
        moved = jsb16.shifted(values, rng)
        assert moved[0, 2] == jsb16.REST
        assert len(set((moved - values)[0, [0, 1, 3]])) == 1
        shifts.add(int(moved[0, 0] - 40))
    assert shifts == set(range(-2, 6))
    assert np.array_equal(jsb16.shifted(np.full((3, 4), 46), rng), np.full((3, 4), 46))


def test_the_repeating_model_in_closed_form():
    """Every voice holds one value for good: a change is as rare as its one added count."""
    piece = np.tile([30, 20, 10, 5], (100, 1))
    share, change = 101 / 147, 1 / 101
    later = np.log(change * share + 1 - change)
    expected = -(np.log(share) + 99 * later) / 100
    assert jsb16.repeat_nats([piece], [piece]) == pytest.approx(expected, abs=1e-12)


def test_pitches_out_of_range_are_refused(tmp_path):
    steps = np.full((8, 4), 90, np.int16)
    np.savez(
        tmp_path / "x.npz", train_steps=steps, train_lengths=[8], valid_steps=steps,
        valid_lengths=[8],
    )  # fmt: skip
    with pytest.raises(ConfigError, match=r"36\.\.81"):
        list(jsb16.run(Settings(data=tmp_path / "x.npz")))
