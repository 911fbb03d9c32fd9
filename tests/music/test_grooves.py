"""Bars of drums resemble earlier ones by their 16ths: nobody strikes twice at one very moment."""

from paths import ROOT

import lstm_music as lm
from lstm_music.music.form import EQUAL, FRESH, VARIED, Label
from lstm_music.music.grooves import drum_bars, is_groove, label_grooves
from lstm_music.music.piece import Piece, Track, make_notes

ROCK = [(0, 36), (0, 42), (24, 42), (24, 38), (48, 36), (48, 42), (72, 38), (72, 42)]
FILL = [(0, 50), (24, 48), (48, 47), (72, 43)]


def groove(*bars):
    """A piece of bars of (step, key)."""
    hits = [
        (96 * i + step, 6, key, 80, 0)
        for i, bar in enumerate(bars)
        for step, key in bar
        if 96 * i + step >= 0
    ]
    return Piece(notes=make_notes(hits), tracks=(Track(is_drum=True),), length_steps=96 * len(bars))


def moved(bar, *steps):
    """A bar with its strokes so many steps later, by turns."""
    return [(step + steps[i % len(steps)], key) for i, (step, key) in enumerate(bar)]


def labels(*bars):
    return label_grooves(drum_bars(groove(*bars)))


def test_a_bar_holds_what_stands_near_its_16ths():
    (bar,) = drum_bars(groove(moved(ROCK, 0, 2)))
    assert bar.steps == 96
    assert bar.notes == {(0, step // 6, key, 0) for step, key in ROCK}


def test_a_stroke_just_before_a_bar_line_belongs_to_the_next_bar():
    first, second = drum_bars(groove(ROCK, moved(ROCK, -2)))
    assert second.notes == first.notes


def test_the_edge_of_a_hi_hat_is_the_hi_hat():
    edge = [(step, 22 if key == 42 else key) for step, key in ROCK]
    assert labels(ROCK, edge)[1] == Label(EQUAL, 1)


def test_a_pattern_that_is_played_again_is_nearly_equal():
    one_more = [*ROCK, (90, 38)]
    assert labels(ROCK, moved(ROCK, 2, -1), one_more) == [Label(FRESH)] + [Label(EQUAL, 1)] * 2


def test_of_two_likely_models_the_one_that_is_more_alike_counts_and_then_the_nearer():
    other = [(step, 51 if key == 42 else key) for step, key in ROCK[:6]]
    assert labels(ROCK, other, ROCK)[2] == Label(EQUAL, 2)
    assert labels(ROCK, ROCK, ROCK)[2] == Label(EQUAL, 1)


def test_half_a_pattern_is_a_variation_and_a_fill_is_fresh():
    half = [*ROCK[:6], (84, 43)]
    found = labels(ROCK, half, FILL)
    assert found[1:] == [Label(VARIED, 1), Label(FRESH)]


def test_a_bar_without_strokes_is_fresh():
    assert labels(ROCK, [], ROCK) == [Label(FRESH), Label(FRESH), Label(EQUAL, 2)]


def test_the_bars_that_are_asked_for():
    assert len(drum_bars(groove(ROCK, FILL), 4)) == 4
    assert drum_bars(groove(ROCK, FILL), 1) == drum_bars(groove(ROCK))


def test_a_groove_is_drums_alone():
    drums = groove(ROCK)
    assert is_groove(drums)
    assert not is_groove(drums.replace(tracks=(*drums.tracks, Track())))
    assert not is_groove(Piece(tracks=(Track(),)))
    assert is_groove(lm.read(ROOT / "midi_data" / "drums.mid"))
