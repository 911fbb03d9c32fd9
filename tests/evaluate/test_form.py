"""Returning bars, on tunes whose form is known."""

import pytest

from lstm_music.evaluate.form import form_figures, form_of, kolmogorov, returning_shares
from lstm_music.music.piece import Piece, Track, make_notes

KINDS = {
    "A": [(0, 24, 60), (24, 24, 62), (48, 24, 64), (72, 24, 65)],
    "a": [(0, 24, 60), (24, 24, 62), (48, 24, 64), (72, 24, 67)],  # 3 of 5 notes are A's
    "B": [(0, 48, 67), (48, 48, 69)],
    "C": [(0, 96, 72)],
    "D": [(0, 12, 50)],
    ".": [],
}


def tune(form):
    rows = [
        (96 * bar + onset, length, pitch, 80, 0)
        for bar, kind in enumerate(form)
        for onset, length, pitch in KINDS[kind]
    ]
    return Piece(notes=make_notes(rows), tracks=(Track(),))


def test_bars_that_equal_an_earlier_one():
    form = form_of(tune("ABAC"))
    assert form.equal == {1: 0, 2: 0.5, 4: None, 8: None, 16: None}
    assert form.returning == pytest.approx(1 / 3)


def test_a_variation_shares_more_than_half_and_is_not_equal():
    form = form_of(tune("AaAB"))
    assert form.varied[1] == pytest.approx(2 / 3)
    assert form.equal[1] == form.varied[2] == 0
    assert form.equal[2] == 0.5


def test_silent_bars_return_nothing():
    form = form_of(tune("A..A"))
    assert form.equal[1] == 0
    assert form.returning == 1


def test_loops():
    assert form_of(tune("ABCDABCB" * 2)).is_loop is True
    assert form_of(tune("AAAAAAAA" + "AAAABBBB")).is_loop is False
    assert form_of(tune("AAAAAAAAAAA")).is_loop is None  # 3 bars to compare
    assert form_of(tune("AAAAAAAAAAB" + "A" * 4)).is_loop is True  # 6 of 7


def test_nothing_to_tell():
    for piece in (Piece(), tune("A")):
        form = form_of(piece)
        assert form.returning is form.is_loop is form.equal[1] is None
    assert form_figures([form_of(Piece())])["loops"] is None
    assert len(returning_shares([form_of(Piece())])) == 0


def test_figures_are_means_over_the_pieces_that_can_tell():
    figures = form_figures([form_of(tune("ABAB")), form_of(tune("ABCD")), form_of(tune("A"))])
    assert figures["equal"]["2"] == 0.5
    assert figures["returning"] == pytest.approx((2 / 3 + 0) / 2)


def test_kolmogorov_distance():
    assert kolmogorov([0.1, 0.2], [0.1, 0.2]) == 0
    assert kolmogorov([0, 0, 0], [1]) == 1
    assert kolmogorov([0, 1, 2, 3], [0, 1, 9, 9]) == 0.5
    assert kolmogorov([], [1]) is None
