"""Pieces from nothing are drafted some bars at a time, and a critic chooses among the drafts."""

import numpy as np
import pytest
from small_composers import random_composer

import lstm_music as lm
from lstm_music.generate.loop import MOST_AT_ONCE
from lstm_music.music.form import bars_of
from lstm_music.music.harmony.progression_model import chord_symbols
from lstm_music.nn.sampling import FromNothing, Sampling

ASK = {"style": "folk", "meter": "4/4", "with_": "piano", "bars": 6, "ending": "free"}


class Busiest:
    """A critic that wants as many notes as can be, and keeps what it was shown."""

    def __init__(self):
        self.shown = []

    def choose(self, drafts, n_bars, rng):
        self.shown.append((len(drafts), n_bars, [bars_of(one, n_bars) for one in drafts]))
        return int(np.argmax([len(draft.notes) for draft in drafts]))


def composer(critic=None, n_bars=2, n_drafts=4, form=None):
    found = random_composer(5)
    if critic is not None:
        found.engine.critic.by_style["folk"] = critic
        found.engine.from_nothing["folk"] = FromNothing(Sampling(), form, n_bars, n_drafts)
    return found


def test_of_each_stretch_of_bars_the_draft_that_the_critic_chooses_is_kept():
    critic = Busiest()
    piece = composer(critic).generate(rng_seed=1, **ASK)
    assert [shown[:2] for shown in critic.shown[:3]] == [(4, 2), (4, 4), (4, 6)]
    plain = composer().generate(rng_seed=1, **ASK)
    assert len(piece.notes) > len(plain.notes)


def test_drafts_share_what_was_kept_before_them():
    critic = Busiest()
    composer(critic).generate(rng_seed=1, **ASK)
    for (_, n_bars, _), (_, _, drafts) in zip(critic.shown, critic.shown[1:3], strict=False):
        assert len({str(bars[:n_bars]) for bars in drafts}) == 1
        assert len({str(bars) for bars in drafts}) > 1


def test_a_piece_is_the_same_alone_and_among_others():
    together = composer(Busiest()).generate_many(n=5, rng_seed=3, **ASK)
    assert together[0] == composer(Busiest()).generate(rng_seed=3, **ASK)
    assert together == composer(Busiest()).generate_many(n=5, rng_seed=3, threads=1, **ASK)


@pytest.mark.parametrize("asked", [{"drafts": 1}, {"form": "none"}])
def test_who_wants_the_first_draft_or_no_form_gets_no_critic(asked):
    critic = Busiest()
    piece = composer(critic).generate(rng_seed=1, **ASK, **asked)
    assert critic.shown == []
    assert piece == composer().generate(rng_seed=1, **ASK, **asked)


def test_bars_return_beside_a_critic():
    critic = Busiest()
    bars = bars_of(composer(critic, form="ABA").generate(rng_seed=1, **ASK), 6)
    assert bars[4:] == bars[:2]
    assert critic.shown


def test_a_stretch_goes_on_over_the_line_at_which_drafts_are_compared():
    """Notes are not cut there: among many some ring on."""
    pieces = composer(Busiest(), n_bars=1).generate_many(n=8, rng_seed=1, **ASK)
    rings = []
    for piece in pieces:
        onset = piece.notes["onset_steps"]
        end = onset + piece.notes["duration_steps"]
        rings.append(np.any((onset < 96 * 3) & (end > 96 * 3)))
    assert any(rings)


@pytest.fixture(scope="module")
def leads():
    return lm.load().generate_many(n=6, style="lead", bars=8, rng_seed=1)


def test_lead_sheets_have_chord_symbols(leads):
    for piece in leads:
        symbols = chord_symbols(piece)
        assert symbols[0].onset_steps == 0
        assert len(symbols) > 2
        assert len(np.unique(piece.notes["track"])) == 2


def test_their_last_chord_is_the_tonic(leads):
    assert sum(chord_symbols(piece)[-1].chord[:2] == "0/" for piece in leads) >= 5


@pytest.mark.parametrize("asked", [{"with_": "piano,piano"}, {"max_polyphony": 3}])
def test_who_sets_a_rule_or_instruments_gets_the_chords_of_the_network(asked):
    """Which may be held until the next in one piece, but not in all."""
    ask = {"n": 6, "style": "lead", "bars": 8, "rng_seed": 1, "ending": "free"}
    pieces = lm.load().generate_many(**ask, **asked)
    assert not all(chord_symbols(piece) for piece in pieces)


def test_composing_again_gives_the_same(leads):
    assert lm.load().generate_many(n=2, style="lead", bars=8, rng_seed=1) == leads[:2]


def test_bars_of_a_stretch_that_are_drafted_one_by_one_are_as_written_in_one_go():
    """With one draft: the task goes on at their lines, and knows what still sounds there."""
    ask = {**ASK, "rests": False}
    for rng_seed in range(1, 7):
        by_bars = composer(Busiest(), n_bars=1, n_drafts=1).generate(rng_seed=rng_seed, **ask)
        assert by_bars == composer().generate(rng_seed=rng_seed, **ask)


def test_more_drafts_than_run_at_once():
    critic = Busiest()
    composer(critic, n_drafts=MOST_AT_ONCE + 3).generate(rng_seed=1, **ASK)
    n_drafts, _, drafts = critic.shown[0]
    assert n_drafts == MOST_AT_ONCE + 3
    assert len({str(bars) for bars in drafts}) == n_drafts
