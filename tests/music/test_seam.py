"""Where music that goes on after a piece begins."""

import pytest

from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.music.seam import next_bar_steps

BAR = 96


def piece(*rows, **fields):
    return Piece(
        notes=make_notes([(on, length, 60, 80, 0) for on, length in rows]),
        tracks=(Track(),),
        **fields,
    )


@pytest.mark.parametrize(
    ("rows", "expected", "why"),
    [
        ([(72, 24)], BAR, "ends on the bar line"),
        ([(0, 6)], BAR, "ends early in the bar"),
        ([(72, 47)], BAR, "rings over by less than a beat"),
        ([(72, 48)], 2 * BAR, "rings over by a beat"),
        ([(72, 25), (BAR, 6)], 2 * BAR, "the next bar has an onset of its own"),
        ([(0, 3 * BAR)], 3 * BAR, "held for three bars"),
        ([(0, 3 * BAR + 5)], 3 * BAR, "held for three bars and a little"),
        ([(0, 3 * BAR + 30)], 4 * BAR, "held into the fourth bar"),
        ([(72, 200), (3 * BAR, 3)], 4 * BAR, "the last onset decides"),
    ],
)
def test_the_bar_line_after_the_last_sound(rows, expected, why):
    assert next_bar_steps(piece(*rows)) == expected, why


def test_a_beat_of_a_compound_meter_is_dotted():
    jig = (Meter(0, 6, 8),)
    assert next_bar_steps(piece((36, 36 + 35), meters=jig)) == 72
    assert next_bar_steps(piece((36, 36 + 36), meters=jig)) == 144


def test_a_pickup_shifts_the_bar_lines():
    assert next_bar_steps(piece((0, 24), pickup_steps=24)) == 24
    assert next_bar_steps(piece((0, 24), (24, 96 + 20), pickup_steps=24)) == 120


def test_a_told_length_on_a_later_bar_line_is_kept():
    assert next_bar_steps(piece((0, 24), length_steps=4 * BAR)) == 4 * BAR
    assert next_bar_steps(piece((0, 24), length_steps=4 * BAR + 1)) == BAR
    assert next_bar_steps(piece((0, 4 * BAR), length_steps=BAR)) == 4 * BAR


def test_bars_of_the_meter_in_force_count():
    meters = (Meter(0, 4, 4), Meter(96, 3, 4))
    assert next_bar_steps(piece((96, 24), meters=meters)) == 168
    jig_after = (Meter(0, 4, 4), Meter(96, 6, 8))
    assert next_bar_steps(piece((96 + 36, 36 + 35), meters=jig_after)) == 168
