"""Drums that go on as they did: earlier bars say which drums each 16th of a new one is to have."""

import numpy as np
import pytest
from small_composers import random_composer

import lstm_music as lm
from lstm_music.generate.echo import Echo
from lstm_music.generate.forms import echoes
from lstm_music.music.form import EQUAL, FRESH, VARIED, Label, alike
from lstm_music.music.form_model import FormModel
from lstm_music.music.grooves import drum_bars
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.nn.sampling import FromNothing, Sampling

ASK = {"style": "drums", "meter": "4/4", "with_": "drums", "bars": 8, "ending": "free"}


def composer(*labels, form="auto"):
    """One that knows one form of eight bars."""
    found = random_composer(5)
    found.engine.forms.update(FormModel.count([("drums", labels)] * 100).to_json())
    found.engine.from_nothing["drums"] = FromNothing(Sampling(), form)
    return found


def likeness(pieces, lag):
    """Mean likeness of all bars to the one so many bars before."""
    bars = [drum_bars(piece, 8) for piece in pieces]
    return np.mean([alike(b[i], b[i - lag]) for b in bars for i in range(lag, 8)])


AGAIN = (Label(FRESH), *[Label(EQUAL, 1)] * 7)
VARYING = (Label(FRESH), *[Label(VARIED, 1)] * 7)
IN_TWOS = (Label(FRESH), Label(FRESH), *[Label(EQUAL, 2)] * 6)


def test_bars_resemble_what_the_form_says_and_variations_less():
    by_labels = {
        name: likeness(composer(*labels).generate_many(n=8, rng_seed=1, **ASK), 1)
        for name, labels in (("fresh", [Label(FRESH)] * 8), ("~", VARYING), ("=", AGAIN))
    }
    assert by_labels["fresh"] + 0.1 < by_labels["~"] < by_labels["="] - 0.05


def test_patterns_of_two_bars():
    pieces = composer(*IN_TWOS).generate_many(n=8, rng_seed=1, **ASK)
    assert likeness(pieces, 2) > 2 * likeness(pieces, 1)


def test_who_wants_no_form_gets_none():
    free = composer(*AGAIN).generate_many(n=8, rng_seed=1, form="none", **ASK)
    assert free == composer(form=None).generate_many(n=8, rng_seed=1, form="none", **ASK)
    assert likeness(free, 1) < likeness(composer(*AGAIN).generate_many(n=8, rng_seed=1, **ASK), 1)


def test_a_strong_pull_gives_the_same_16ths_but_not_the_same_strokes(monkeypatch):
    """When in its 16th a drum is struck, and how loudly, stays the network's choice."""
    monkeypatch.setattr(echoes, "PULL", 60.0)
    piece = composer(*AGAIN).generate(rng_seed=2, **ASK)
    bars = drum_bars(piece, 8)
    assert likeness([piece], 1) > 0.9
    assert len(bars[0].notes) > 4
    starts = [piece.notes["onset_steps"] // 96 == i for i in range(8)]
    strokes = [piece.notes[mine][["pitch_midi", "velocity", "timing_96ths"]] for mine in starts]
    assert len({one.tobytes() for one in strokes}) > 1


@pytest.mark.parametrize("form", ["auto", "none"])
def test_a_continuation_may_go_on_as_its_seed_did(monkeypatch, form):
    monkeypatch.setattr(echoes, "PULL", 60.0)
    hits = [(96 * i + 12 * j, 6, 36 + 2 * (j % 4), 80, 0) for i in range(2) for j in range(8)]
    seed = Piece(notes=make_notes(hits), tracks=(Track(is_drum=True),), style="drums")
    # The first two bars of ten are the seed's.
    model = composer(Label(FRESH), *[Label(EQUAL, 1)] * 9)
    takes = model.complete(lm.Request(seed=seed, form=form, bars=8, n=8, rng_seed=1))
    found = [alike(*drum_bars(take.piece, 10)[1:3]) for take in takes]
    assert (np.mean(found) > 0.4) == (form == "auto")


def test_one_result_for_any_number_of_threads():
    many = composer(*AGAIN).generate_many(n=5, rng_seed=3, **ASK)
    assert composer(*AGAIN).generate_many(n=5, rng_seed=3, threads=1, **ASK) == many
    assert composer(*AGAIN).generate(rng_seed=3, **ASK) == many[0]


def test_drums_beside_others_are_left_alone():
    """They return as other music does; an echo is for drums alone."""
    asked = ASK | {"with_": "drums,bass"}
    piece = composer(*[Label(FRESH)] * 8).generate(rng_seed=1, **asked)
    assert piece == composer(form=None).generate(rng_seed=1, **asked)


@pytest.mark.parametrize("pulls", [[1.0], [[1.0, 1.0]]])
def test_an_echo_has_a_pull_for_each_16th(pulls):
    with pytest.raises(lm.ShapeError, match="rows of one length"):
        Echo(0, [96, 96], pulls)
