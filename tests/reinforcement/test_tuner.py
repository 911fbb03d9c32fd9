"""Pieces are drawn from what their gradient says, and tuning makes the rewarded likelier."""

from dataclasses import replace

import numpy as np
import pytest
from small_composers import PLAIN, random_composer

from lstm_music.backends.cpu import CpuBackend
from lstm_music.errors import ConfigError
from lstm_music.nn.model import LanguageModel
from lstm_music.reinforcement.config import TuneConfig
from lstm_music.reinforcement.episodes import _drawn
from lstm_music.reinforcement.policy import divergence, log_policy
from lstm_music.reinforcement.source import Source
from lstm_music.reinforcement.taste import Taste
from lstm_music.reinforcement.tuner import Tuner, add_gradient, kl_nats_per_note
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.vocabulary import DEFAULT

END = DEFAULT["end"].start
CONFIG = TuneConfig(
    bars=2, batch_size=6, key="D major", meter="3/4", temperature=0.8, rng_seed=3, updates=2
)


@pytest.fixture(scope="module")
def composer():
    return random_composer(met=PLAIN, scale=0.5)


def copied(composer, noise=0.0):
    model = LanguageModel.create(composer.model.config, 0, backend=CpuBackend(1))
    model.flat_params[:] = composer.model.flat_params
    rng = np.random.default_rng(0)
    model.flat_params[:] += noise * rng.normal(size=model.flat_params.size).astype(np.float32)
    return model


@pytest.fixture(scope="module")
def episodes(composer):
    return Source(composer, CONFIG).draw(copied(composer, 0.1), 0, 6)


def test_every_choice_was_one_of_the_legal(episodes):
    body = DEFAULT["body"].start
    for one in episodes:
        assert one.allowed[np.arange(len(one.choices)), one.choices].all()
        tokens = [*one.rows[: one.n_given + 1, 0].tolist(), *one.choices.tolist()]
        assert tokens[one.n_given] == body
        music = Automaton(len(tokens))
        music.set_bars_left(CONFIG.bars)
        music.extend(tokens[: one.n_given + 1])
        for i, token in enumerate(one.choices.tolist()):
            np.testing.assert_array_equal(music.rows_py(), one.rows[one.n_given + i])
            assert not (one.allowed[i] & ~music.legal_py()).any()
            in_last_bar = music.onset_steps >= 72 * (CONFIG.bars - 1)
            assert one.allowed[i, END] == (in_last_bar and music.legal_py()[END])
            assert music.advance_py(token) == 0


def test_a_piece_keeps_to_its_header_and_its_bars(episodes):
    for one in episodes:
        piece = one.piece
        assert (str(piece.meters[0]), str(piece.key)) == ("3/4", "D major")
        assert piece.end_steps <= piece.length_steps == 2 * 72
        onsets = np.unique([0, *piece.notes["onset_steps"].tolist()])
        assert np.diff(onsets).max(initial=0) <= 72


def test_the_divergence_is_that_of_both_networks_at_the_choices(composer, episodes):
    """Of the compiled steps against whole sequences in the training network."""
    both = [copied(composer, 0.1), copied(composer)]
    for one in episodes[:2]:
        rows = np.ascontiguousarray(one.rows[:, None])
        log_p, log_q = (
            log_policy(
                model.logits_chunk(rows, model.initial_state(1))[0][one.n_given :, 0],
                one.allowed,
                CONFIG.temperature,
            )
            for model in both
        )
        np.testing.assert_allclose(divergence(log_p, log_q), one.divergences, atol=1e-4)
        assert one.divergences.sum() > 0.01
        where = np.isfinite(log_q)
        np.testing.assert_allclose(one.log_prior[where], log_q[where], atol=1e-4)


def test_tokens_are_drawn_as_often_as_they_are_likely():
    log_p = np.log(np.array([[0.5, 0.2, 0.3, 1e-30]])).repeat(4000, axis=0)
    log_p[:, 1] = -np.inf
    drawn = _drawn(log_p, (np.arange(4000) + 0.5) / 4000)
    shares = np.bincount(drawn, minlength=4) / 4000
    np.testing.assert_allclose(shares, [0.625, 0, 0.375, 0], atol=1e-3)


def test_batches_side_by_side_give_the_gradient_of_each_alone(composer, episodes):
    totals = list(np.random.default_rng(2).normal(size=6))
    together, in_groups = copied(composer, 0.1), copied(composer, 0.1)
    add_gradient(together, episodes, totals, 0.3, CONFIG.temperature)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lstm_music.reinforcement.tuner._MOST_PLACES", 1)
        add_gradient(in_groups, episodes, totals, 0.3, CONFIG.temperature)
    assert np.abs(together.flat_grads).max() > 1e-3
    np.testing.assert_allclose(together.flat_grads, in_groups.flat_grads, atol=1e-5)


def test_the_reward_rises(composer):
    """Of a random network: it learns to write low notes, unless the price is too high."""
    ends = {}
    for weight in (1e-3, 10.0):
        config = replace(
            CONFIG, updates=28, bars=1, batch_size=24, learning_rate=0.05, kl_weight=weight
        )
        taste = Taste.of({low: 1.0})
        steps = list(Tuner(copied(composer), Source(composer, config), taste, config).run())
        assert steps[0].kl_nats_per_note == 0.0
        assert [step.step for step in steps] == list(range(1, 29))
        late = steps[-4:]
        ends[weight] = [
            np.mean([step.total for step in late]) - steps[0].total,
            np.mean([step.kl_nats_per_note for step in late]),
        ]
    assert ends[1e-3][0] > 0.25
    assert ends[10.0][0] < 0.1
    assert ends[1e-3][1] > 5 * ends[10.0][1]


def low(piece):
    """Share of the notes below E4; half of a piece without any."""
    return float((piece.notes["pitch_midi"] < 64).mean()) if len(piece.notes) else 0.5


def test_the_same_seed_draws_the_same_and_another_others(composer):
    first, again = (Source(composer, CONFIG).draw(copied(composer), 0, 4) for _ in range(2))
    other = Source(composer, replace(CONFIG, rng_seed=4)).draw(copied(composer), 0, 4)
    assert [e.piece for e in first] == [e.piece for e in again]
    assert [e.piece for e in first] != [e.piece for e in other]
    assert kl_nats_per_note(first) == 0.0


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"batch_size": 1}, "batch_size must be a whole number in 2..4096, got 1"),
        ({"bars": 0.5}, "bars must be a whole number"),
        ({"temperature": 0.0}, "temperature must be a number in 0.1..10"),
        ({"kl_target": float("nan")}, "kl_target must be a number"),
        ({"key": "H major"}, "key must look like"),
        ({"kl": 1}, "unknown setting 'kl'"),
    ],
)
def test_settings_are_checked(settings, why):
    with pytest.raises(ConfigError, match=why):
        TuneConfig.of(settings)
