"""A critic prefers drafts that are more like real music than like samples."""

import numpy as np
import pytest
from paths import ROOT

import lstm_music as lm
from lstm_music.errors import ModelFileError
from lstm_music.evaluate.critic import WINDOW_BARS, Critic
from lstm_music.evaluate.critic_fitting import fitted, fitted_window, new_critic
from lstm_music.evaluate.features.texture import drum_features
from lstm_music.evaluate.view import View
from lstm_music.music.excerpt import excerpt
from lstm_music.music.instruments.drum_keys import has_pad_keys
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track


def tune(rng, step, n_bars=8):
    """A line of quarter notes that moves by up to ``step`` semitones."""
    n = 4 * n_bars
    pitches = 64 + np.clip(np.cumsum(rng.integers(-step, step + 1, n)), -20, 20)
    rows = [(24 * i, 24, int(pitches[i]), 80, 0, 0) for i in range(n)]
    return Piece(notes=np.array(rows, NOTE_DTYPE), tracks=(Track(),))


def tunes(step, n=60, rng_seed=0):
    rng = np.random.default_rng([rng_seed, step])
    return [tune(rng, step) for _ in range(n)]


@pytest.fixture(scope="module")
def critic():
    """One that has learnt that real music moves by step, and samples leap."""
    samples = tunes(7)
    return fitted(new_critic(samples), samples, tunes(2))


@pytest.mark.parametrize("n_bars", [1, 3, 8])
def test_it_prefers_what_is_like_real_music(critic, n_bars):
    like, unlike = (critic.logits(tunes(step, 20, 9), n_bars) for step in (2, 7))
    assert np.mean(like[:, None] > unlike) > 0.8


def test_it_looks_at_the_bars_asked_for_alone(critic):
    stepping, leaping = tunes(2, 1)[0], tunes(7, 1)[0]
    notes = np.concatenate([stepping.notes[:16], leaping.notes[16:]])
    mixed = stepping.replace(notes=notes)
    first = critic.logits([mixed, stepping], 4)
    assert first[0] == first[1]
    assert critic.logits([mixed], 8) < critic.logits([stepping], 8)


def test_drafts_are_kept_with_the_odds_of_the_density_ratio(critic):
    drafts = tunes(4, 4, 3)
    logits = critic.logits(drafts, 8)
    expected = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    rng = np.random.default_rng(1)
    kept = np.bincount([critic.choose(drafts, 8, rng) for _ in range(2000)], minlength=4)
    assert np.abs(kept / 2000 - expected).max() < 0.05


def test_a_silent_draft_is_never_kept_beside_one_that_sounds(critic):
    sounding = tunes(7, 1)[0]
    silent = sounding.replace(notes=sounding.notes[:0])
    rng = np.random.default_rng(1)
    assert {critic.choose([silent, sounding], 4, rng) for _ in range(20)} == {1}
    assert critic.choose([silent, silent], 4, rng) == 0


def test_a_second_round_corrects_the_first(critic):
    """Where its choices overshoot, it takes some of its preference back."""
    overshot = tunes(1)
    again = fitted(critic, overshot, tunes(2))
    before, after = (
        one.logits(tunes(1, 20, 9), 8).mean() - one.logits(tunes(2, 20, 9), 8).mean()
        for one in (critic, again)
    )
    assert after < before


@pytest.mark.parametrize("name", ["critic", "with_window"])
def test_it_comes_back_from_json(name, request):
    critic = request.getfixturevalue(name)
    read = Critic.from_json(critic.to_json())
    drafts = tunes(4, 5)
    np.testing.assert_allclose(read.logits(drafts, 8), critic.logits(drafts, 8), atol=0.05)
    assert Critic.from_json(read.to_json()).to_json() == read.to_json()


@pytest.fixture(scope="module")
def with_window(critic):
    """One that has learnt of windows, too: the samples that it saw leap in every second bar."""
    samples = [every_other(pair) for pair in zip(tunes(7), tunes(2), strict=True)]
    return fitted_window(critic, samples, tunes(2))


def every_other(pair):
    """The bars of two tunes in turn."""
    bars = pair[0].notes["onset_steps"] // 96
    notes = np.where(bars % 2 == 0, pair[0].notes, pair[1].notes)
    return pair[0].replace(notes=notes)


def test_a_window_is_learnt_from_all_bars_and_looks_at_the_last_alone(critic, with_window):
    alone = Critic(critic.names, {}, with_window.window)
    like, unlike = (alone.logits(tunes(step, 20, 9), 8) for step in (2, 7))
    assert np.mean(like[:, None] > unlike) > 0.8
    stepping, leaping = tunes(2, 1)[0], tunes(7, 1)[0]
    before = (8 - WINDOW_BARS) * 4
    late = stepping.replace(notes=np.concatenate([leaping.notes[:before], stepping.notes[before:]]))
    assert alone.logits([late], 8) == alone.logits([stepping], 8)
    assert not alone.logits([stepping, leaping], WINDOW_BARS - 1).any()


def test_the_logits_of_levels_and_window_are_added(critic, with_window):
    drafts = tunes(4, 5)
    alone = Critic(critic.names, {}, with_window.window)
    both = critic.logits(drafts, 5) + alone.logits(drafts, 5)
    np.testing.assert_array_equal(with_window.logits(drafts, 5), both)
    assert fitted(with_window, drafts, drafts).window is with_window.window


def test_a_draft_whose_last_bars_are_silent_is_not_kept(with_window):
    sounding = tunes(7, 1)[0]
    stops = sounding.replace(notes=sounding.notes[:16])
    assert {
        with_window.choose([stops, sounding], 8, np.random.default_rng(i)) for i in range(9)
    } == {1}


@pytest.fixture(scope="module")
def drums():
    """The bars of a performance, each by itself."""
    piece = lm.read(ROOT / "midi_data" / "drums.mid")
    return [excerpt(piece, bar * 96, bar * 96 + 192) for bar in range(0, 8, 2)]


def played(pieces):
    """The same notes, each louder than the one before."""
    louder = []
    for piece in pieces:
        notes = piece.notes.copy()
        notes["velocity"] = 40 + np.arange(len(notes)) % 50
        louder.append(piece.replace(notes=notes))
    return louder


def test_loudness_counts_for_drums_alone(drums):
    assert "velocity, deviation" in new_critic(drums).names
    assert not any("velocity" in name for name in new_critic(played(tunes(2))).names)


def test_what_is_the_same_in_all_samples_is_left_out():
    names = new_critic(tunes(2)).names
    assert "intervals, entropy" in names
    assert "8th notes" not in names
    assert "onsets a bar" not in names  # four in each


@pytest.mark.parametrize(
    "damage",
    [
        lambda facts: facts.pop("names"),
        lambda facts: facts["levels"]["8"].pop(),
        lambda facts: facts["levels"]["8"][2].pop(),
        lambda facts: facts["levels"].update(some=facts["levels"]["8"]),
        lambda facts: facts.update(levels={}, window=[]),
        lambda facts: facts["window"].pop(),
        lambda facts: facts["window"][1].pop(),
    ],
)
def test_a_damaged_critic_is_refused(with_window, damage):
    facts = with_window.to_json()
    damage(facts)
    with pytest.raises(ModelFileError, match="critic is damaged"):
        Critic.from_json(facts)


def test_pad_keys_of_a_draft_are_heard_as_they_will_be_written():
    def groove(hi_hat):
        rows = [(12 * i, 6, (36, hi_hat, 38, hi_hat)[i % 4], 80, 0, 0) for i in range(32)]
        return Piece(notes=np.array(rows, NOTE_DTYPE), tracks=(Track(is_drum=True),))

    assert has_pad_keys(groove(22))
    critic = new_critic([groove(42), groove(51)])
    pads, closed, ride = (critic.table([groove(key)]) for key in (22, 42, 51))
    np.testing.assert_array_equal(pads, closed)
    assert not np.array_equal(pads, ride, equal_nan=True)


def test_features_that_no_sample_has_are_left_out(drums):
    names = new_critic(drums).names
    of_drums = set(drum_features(View(drums[0])))
    assert of_drums & set(names)
    assert not of_drums & set(new_critic(tunes(2)).names)
    assert not {"8th notes", "scale consistency"} & set(names)
