"""Loudness by rule: even for the network's ears, the seed's accents on what it composes."""

from dataclasses import replace

import numpy as np
import pytest
from paths import MIDI_DATA
from small_composers import EVERYTHING, random_composer

import lstm_music as lm
from lstm_music.generate.dynamics import Accents, has_dynamics
from lstm_music.music.performance import even_velocities
from lstm_music.music.piece import make_notes


def seed():
    """Two bars of 4/4 quarters, strong on one, soft elsewhere, and a drum on every beat."""
    rows = []
    for onset in range(0, 192, 24):
        rows.append((onset, 24, 60, 100 if onset % 96 == 0 else 60, 0))
        rows.append((onset, 6, 36, 40 + onset // 8, 1))
    tracks = (lm.Track(program=40), lm.Track(is_drum=True))
    return lm.Piece(notes=make_notes(rows), tracks=tracks)


def new_notes():
    rows = [(192, 24, 62, 84, 0), (204, 12, 64, 84, 0), (216, 24, 65, 84, 0), (192, 6, 38, 99, 1)]
    return make_notes(rows)


def test_a_pitched_track_becomes_even_and_drums_stay():
    even = even_velocities(seed())
    melody = even.notes[even.notes["track"] == 0]
    assert set(melody["velocity"].tolist()) == {60}
    drums = seed().notes["track"] == 1
    assert np.array_equal(even.notes["velocity"][drums], seed().notes["velocity"][drums])


def test_new_notes_take_the_accents_of_their_place_in_the_bar():
    accented = Accents(seed()).given_to(new_notes())
    assert accented["velocity"].tolist() == [100, 60, 60, 99]  # the off-beat: the median
    assert new_notes()["velocity"].tolist() == [84, 84, 84, 99]  # left as they were


def test_accents_are_those_of_bars_of_the_same_length():
    rows = [(0, 24, 60, 100, 0), (24, 72, 60, 70, 0), (96, 24, 60, 40, 0), (120, 48, 60, 70, 0)]
    meters = (lm.Meter(0, 4, 4), lm.Meter(96, 3, 4))
    piece = lm.Piece(notes=make_notes(rows), tracks=(lm.Track(),), meters=meters)
    new = make_notes([(168, 24, 62, 84, 0)])
    assert Accents(piece).given_to(new)["velocity"].tolist() == [40]


def test_a_track_that_the_seed_never_played_keeps_its_loudness():
    piece = seed().replace(tracks=(*seed().tracks, lm.Track()))
    new = make_notes([(192, 24, 62, 77, 2)])
    assert Accents(piece).given_to(new)["velocity"].tolist() == [77]


@pytest.mark.parametrize("name", ["reel", "nocturne", "band"])
def test_a_continuation_is_as_loud_as_its_seed(name):
    piece = lm.read(MIDI_DATA / f"{name}.mid")
    out = lm.load().generate(piece, bars=4, rng_seed=1)
    new = out.notes[len(piece.notes) :]
    for track in np.unique(new["track"]):
        mine = piece.notes["velocity"][piece.notes["track"] == track]
        if not piece.tracks[track].is_drum:
            velocities = new["velocity"][new["track"] == track]
            assert mine.min() <= velocities.min()
            assert velocities.max() <= mine.max()


def test_a_seed_with_dynamics_is_told_from_one_with_accents():
    def piece(velocities, is_drum=False):
        rows = [(24 * i, 24, 60, velocity, 0) for i, velocity in enumerate(velocities)]
        return lm.Piece(make_notes(rows), (lm.Track(is_drum=is_drum),))

    assert not has_dynamics(piece([90, 70, 75, 70] * 4))
    assert not has_dynamics(piece([*[80] * 30, 127]))
    assert has_dynamics(piece([*[50] * 10, *[80] * 10]))
    assert not has_dynamics(piece([*[50] * 3, *[80] * 3]))
    assert not has_dynamics(piece([*[50] * 10, *[80] * 10], is_drum=True))


@pytest.mark.parametrize("even", [(), ("folk",)])
def test_from_nothing_a_style_without_dynamics_has_none(even):
    composer = random_composer(met=replace(EVERYTHING, even=even))
    piece = composer.generate(bars=4, style="folk", with_=["piano"], rng_seed=1, ending="free")
    assert (set(piece.notes["velocity"].tolist()) == {84}) == bool(even)
