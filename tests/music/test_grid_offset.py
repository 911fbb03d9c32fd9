"""How far after the beats of its file written music lies as a whole."""

import pytest

from lstm_music.music.listening.grid_offset import grid_offset, without_offset
from lstm_music.music.piece import Piece, Track, make_notes


def piece(onsets):
    return Piece(notes=make_notes([(on, 3, 60, 80, 0) for on in onsets]), tracks=(Track(),))


def eighths(offset, n=40):
    return [12 * i + offset for i in range(n)]


@pytest.mark.parametrize("offset", range(12))
def test_eighths_may_lie_anywhere_but_a_step_off_or_on_the_16ths(offset):
    expected = 0 if offset in (0, 1, 6, 11) else offset
    assert grid_offset(piece(eighths(offset))) == expected


@pytest.mark.parametrize(("n_off", "expected"), [(20, 4), (28, 0)])
def test_three_of_five_onsets_are_on_the_16ths_after_it(n_off, expected):
    on_no_grid = [12 * i + 1 + 2 * (i % 2) for i in range(n_off)]
    assert grid_offset(piece(eighths(4) + on_no_grid)) == expected


def test_the_16ths_between_the_eighths_count():
    onsets = eighths(8, 20) + eighths(2, 18) + eighths(5, 2)
    assert grid_offset(piece(onsets)) == 8


def test_a_chord_is_one_onset():
    assert grid_offset(piece([4] * 99 + eighths(1))) == 0


def test_what_begins_before_the_offset_is_moved_to_the_beginning():
    moved = without_offset(piece([2, 4, 16]), 4)
    assert moved.notes["onset_steps"].tolist() == [0, 0, 12]
    same = piece([2, 4])
    assert without_offset(same, 0) is same
