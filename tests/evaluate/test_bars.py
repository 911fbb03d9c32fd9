"""The bars of a piece as sets, and their likeness, on bars small enough to count by hand."""

import pytest

from lstm_music.evaluate.bars import DRUMS, bar_contents, bar_likeness, bar_places, mean_likeness
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes

KIT, FLUTE, HORN = Track(is_drum=True), Track(73), Track(60)


def piece_of(*rows, tracks=(FLUTE,), **fields):
    """A piece of (onset, duration, pitch[, track]) in steps."""
    notes = [(*row[:3], 80, row[3] if len(row) > 3 else 0) for row in rows]
    return Piece(notes=make_notes(notes), tracks=tracks, **fields)


def test_a_bar_holds_place_instrument_and_pitch():
    piece = piece_of((0, 24, 60), (24, 24, 62), (96, 6, 36, 1), tracks=(FLUTE, KIT))
    assert bar_places(piece) == [{(0, 73, 60), (4, 73, 62)}, {(0, DRUMS, 36)}]


def test_likeness_knows_which_drum_and_which_instrument_plays():
    same = piece_of((0, 6, 36), (96, 6, 36), tracks=(KIT,))
    other_drum = piece_of((0, 6, 36), (96, 6, 38), tracks=(KIT,))
    other_instrument = piece_of((0, 24, 60, 0), (96, 24, 60, 1), tracks=(FLUTE, HORN))
    assert bar_likeness(same) == 1
    assert bar_likeness(other_drum) == bar_likeness(other_instrument) == 0


def test_likeness_is_shared_notes_over_all_notes():
    first = [(0, 6, 36), (24, 6, 38), (48, 6, 36)]
    second = [(96, 6, 36), (120, 6, 38), (144, 6, 42)]
    assert bar_likeness(piece_of(*first, *second, tracks=(KIT,))) == pytest.approx(2 / 4)


def test_a_loose_stroke_counts_at_the_nearest_16th_even_over_the_bar_line():
    early = piece_of((2, 6, 36), (46, 6, 38), (94, 6, 36), (144, 6, 38), tracks=(KIT,))
    assert bar_places(early) == [{(0, DRUMS, 36), (8, DRUMS, 38)}] * 2
    assert bar_contents(early)[0] == bar_contents(early)[1]


def test_an_early_stroke_makes_no_further_bar():
    piece = piece_of((0, 6, 36), (94, 2, 38), tracks=(KIT,))
    assert bar_places(piece) == [{(0, DRUMS, 36), (16, DRUMS, 38)}]


def test_a_pickup_is_no_bar_and_an_early_note_of_it_belongs_to_the_first():
    piece = piece_of(
        (0, 12, 55), (10, 2, 59), (12, 24, 60), meters=(Meter(0, 3, 4),), pickup_steps=12
    )
    assert bar_places(piece) == [{(0, 73, 59), (0, 73, 60)}]
    assert bar_contents(piece) == [{(0, 73, 60, 24)}]


def test_contents_know_lengths_of_pitched_notes_alone():
    sung = piece_of((0, 24, 60), (96, 12, 60))
    struck = piece_of((0, 24, 60), (96, 12, 60), tracks=(KIT,))
    assert bar_contents(sung)[0] != bar_contents(sung)[1]
    assert bar_contents(struck)[0] == bar_contents(struck)[1]


def test_bars_are_compared_over_a_lag_and_two_empty_ones_not_at_all():
    piece = piece_of((0, 6, 60), (96, 6, 62), (192, 6, 60), (288, 6, 62))
    bars = bar_places(piece)
    assert (mean_likeness(bars, 1), mean_likeness(bars, 2)) == (0, 1)
    assert mean_likeness(bars, 4) is None
    gap = piece_of((0, 6, 60), (4 * 96, 6, 60))  # bars 1 to 3 are empty
    assert mean_likeness(bar_places(gap)) == 0
    assert bar_likeness(Piece()) is None
