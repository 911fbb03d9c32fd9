"""Which pitches a note may take whose rhythm is kept."""

import numpy as np
import pytest
from small_composers import PLAIN, random_composer

from lstm_music.music.piece import Piece, Track, make_notes

BAR = 96


@pytest.fixture(scope="module")
def composer():
    return random_composer(3, met=PLAIN, scale=1.0)


def piece_of(rows):
    return Piece(make_notes(rows), (Track(0),), length_steps=2 * BAR)


def test_no_key_is_taken_that_is_given_again_before_it_is_let_go(composer):
    """One long note under short ones: of five pitches only those that do not come may be taken."""
    rows = [(0, BAR, 60, 80, 0)]
    rows += [(12 * i, 12, 62 + i % 4, 80, 0) for i in range(1, 8)]
    n_taken = 0
    for rng_seed in range(40):
        ask = {"keep": "rhythm", "amount": 0.3, "pitch_range": (62, 66), "rng_seed": rng_seed}
        notes = composer.vary(piece_of(rows), **ask).notes
        n_taken += notes["pitch_midi"][0] != 60
        for note in notes:
            later = notes["onset_steps"] > note["onset_steps"]
            same = later & (notes["pitch_midi"] == note["pitch_midi"])
            end = note["onset_steps"] + note["duration_steps"]
            assert (notes["onset_steps"][same] >= end).all()
    assert n_taken > 5


def test_where_a_chord_has_more_notes_than_pitches_the_lowest_ones_take_them(composer):
    chord = [(0, 48, pitch, 80, 0) for pitch in (70, 74, 77)]
    for rng_seed in range(10):
        ask = {"keep": "rhythm", "pitch_range": (60, 61), "rng_seed": rng_seed}
        pitches = composer.vary(piece_of(chord), **ask).notes["pitch_midi"].tolist()
        assert pitches[:2] == [60, 61]


def test_a_slot_leaves_a_pitch_to_each_slot_above_it(composer):
    chord = [(0, 48, pitch, 80, 0) for pitch in (70, 74, 77)]
    for rng_seed in range(10):
        ask = {"keep": "rhythm", "pitch_range": (60, 63), "rng_seed": rng_seed}
        pitches = composer.vary(piece_of(chord), **ask).notes["pitch_midi"]
        assert len(pitches) == 3
        assert (np.diff(np.sort(pitches)) > 0).all()
        assert pitches.min() >= 60
        assert pitches.max() <= 63


def test_a_slot_alone_may_take_any_pitch_of_the_range():
    undecided = random_composer(3, met=PLAIN, scale=0.1)  # no pitch is much likelier than another
    taken = set()
    for rng_seed in range(60):
        ask = {"keep": "rhythm", "pitch_range": (60, 63), "rng_seed": rng_seed, "top_p": 1.0}
        taken |= set(undecided.vary(piece_of([(0, 48, 70, 80, 0)]), **ask).notes["pitch_midi"])
    assert taken == {60, 61, 62, 63}
