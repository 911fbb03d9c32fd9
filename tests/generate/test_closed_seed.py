"""A seed that has come to a close is continued as its body was, and stays as it is."""

import numpy as np
import pytest

import lstm_music as lm
from lstm_music.generate.asking.request import Request
from lstm_music.generate.complete import characters
from lstm_music.generate.engine import Engine
from lstm_music.generate.overlaps import clear_of
from lstm_music.generate.pedals import pedal_from
from lstm_music.generate.planning.from_request import plan_for
from lstm_music.generate.planning.prompt import prompt_for
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Track, make_notes
from lstm_music.tokens.vocabulary import DEFAULT

BAR = 96


@pytest.fixture(scope="module")
def model():
    return lm.load()


def closed(bars=23, ring=0, **fields):
    """So many bars for melody, bass and a track that rests in the last 12, then a chord."""
    rows = [(24 * i, 24, 60 + i % 5, 80, 0) for i in range(4 * bars)]
    rows += [(48 * i, 48, 36 + 7 * (i % 2), 80, 1) for i in range(2 * bars)]
    rows += [(24 * i, 24, 72, 80, 2) for i in range(4 * (bars - 11))]
    rows += [(BAR * bars, BAR + ring, pitch, 80, track) for pitch, track in ((60, 0), (36, 1))]
    tracks = (Track(40), Track(42), Track(73))
    return Piece(notes=make_notes(rows), tracks=tracks, key=lm.Key(0), **fields)


def planned(seed, **asked):
    return plan_for(Request(seed=seed, bars=4, **asked), seed, 1)


def test_the_network_reads_it_up_to_its_body_and_writes_after_its_end():
    plan = planned(closed())
    prompt = prompt_for(Engine(None, DEFAULT, lm.load().engine.coverage), plan)
    assert prompt.context.notes["onset_steps"].max() < 20 * BAR == prompt.start_steps
    moved = prompt.in_plan(make_notes([(prompt.start_steps, 24, 60, 80, 0)]))
    assert moved["onset_steps"] == plan.start_steps == 24 * BAR
    assert prompt.total_bars == 24
    assert "as it did up to bar 20" in " ".join(prompt.remarks)


@pytest.mark.parametrize(
    "asked",
    [
        {"in_character": False},
        {"from_bar": 25},
        {"form": "AB"},
        {"chords": "found"},
    ],
)
def test_it_is_read_to_its_end_where_that_is_asked_for(asked):
    """A form and the seed's own chords count from its end."""
    assert planned(closed()).read_until_steps == 20 * BAR
    assert planned(closed(), **asked).read_until_steps == 24 * BAR


def test_the_seed_stays_and_the_new_music_begins_after_it(model):
    seed = closed()
    out = model.generate(seed, bars=2, rng_seed=1)
    old = out.notes["onset_steps"] < 24 * BAR
    assert out.notes[old].tolist() == seed.notes.tolist()
    assert not old.all()
    assert out.length_steps == 26 * BAR


def test_a_track_that_has_rested_for_long_may_rest_on():
    seed, request = closed(), Request(seed=closed(), bars=4)
    fewest = {t: c.fewest for t, c in characters(request, planned(seed)).items()}
    assert fewest[0] == 1
    assert fewest[2] == 0
    at_bar_13 = Request(seed=seed, bars=4, from_bar=13)
    assert characters(at_bar_13, plan_for(at_bar_13, seed, 1))[2].fewest == 1


def test_no_new_note_strikes_a_key_that_rings_over_from_the_close():
    plan = planned(closed(ring=12))
    assert plan.start_steps == 24 * BAR
    at = plan.start_steps
    new = make_notes([(at, 24, 60, 80, 0), (at + 12, 24, 60, 80, 0), (at, 24, 62, 80, 0)])
    struck = [tuple(map(int, note))[::2] for note in clear_of(new, plan.given.notes)]
    assert sorted(struck) == [(at, 62, 0), (at + 12, 60, 0)]


def pressed(*changes):
    return np.array(list(changes), PEDAL_DTYPE)


def test_the_pedal_goes_on_from_where_the_network_read_to():
    """Tracks 0 and 1 are down there; in the piece itself tracks 1 and 2 are at its end."""
    given = Piece(
        notes=make_notes([(0, 24, 60, 80, t) for t in range(4)]),
        tracks=(Track(),) * 4,
        pedal=pressed((0, 1, True), (0, 2, True)),
    )
    later = pressed((120, 0, False))
    found = pedal_from([0, 1], given, 96, later)
    assert found.tolist() == [(96, 0, True), (96, 2, False), (120, 0, False)]
    at_once = pressed((96, 0, True), (96, 2, False))
    assert pedal_from([0, 1], given, 96, at_once).tolist() == at_once.tolist()
