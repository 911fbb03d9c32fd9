"""Where a piece comes to a close, and where it only pauses, or goes on."""

import numpy as np
import pytest

from lstm_music.music.closing import body_end_steps
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes

BAR = 96


def melody(bars):
    return [(24 * i, 24, 60 + i % 5, 80, 0) for i in range(4 * bars)]


def bass(bars):
    return [(48 * i, 48, 36, 80, 1) for i in range(2 * bars)]


def chord(bar, bars=1):
    return [(BAR * bar, BAR * bars, pitch, 80, pitch > 50) for pitch in (36, 60)]


def piece(rows, **fields):
    return Piece(notes=make_notes(rows), tracks=(Track(),) * 3, **fields)


def body_bars(music, n_bars):
    return body_end_steps(music, music.pickup_steps + BAR * n_bars) / BAR


@pytest.mark.parametrize(
    ("bars", "body"),
    [(20, 16), (21, 20), (24, 20), (25, 24)],
)
def test_the_body_ends_a_phrase_before_the_last_chord(bars, body):
    """The new music must not begin with the chord to which the last phrase leads."""
    music = piece([*melody(bars), *bass(bars), *chord(bars)])
    assert body_bars(music, bars + 1) == body


def test_an_outro_in_which_most_parts_rest_is_all_left_out():
    music = piece([*melody(22), *bass(22), *[(BAR * b, BAR, 60, 80, 0) for b in range(22, 34)]])
    assert body_bars(music, 34) == 20


def test_chords_of_all_parts_are_a_close_too():
    """An orchestra ends with more notes than it began, at fewer places of the bar."""
    rows = [*melody(22), *bass(22)]
    rows += [(BAR * b, BAR, 48 + 2 * i, 80, i % 3) for b in (22, 23) for i in range(9)]
    assert body_bars(piece(rows), 24) == 20


def test_rests_at_the_end_belong_to_the_close():
    assert body_bars(piece([*melody(22), *bass(22)]), 24) == 20


def test_a_piece_that_does_not_close_goes_on_from_its_end():
    assert body_bars(piece([*melody(24), *bass(24)]), 24) == 24


def test_a_short_piece_has_no_body():
    for bars, body in ((17, 16), (16, 17), (12, 13)):
        assert body_bars(piece([*melody(bars), *bass(bars), *chord(bars)]), bars + 1) == body


def test_bars_are_counted_from_the_first_full_one():
    music = piece([*melody(23), *bass(23), *chord(23)])
    notes = music.notes.copy()
    notes["onset_steps"] += 24
    later = piece([(0, 24, 60, 80, 0)], pickup_steps=24)
    later = later.replace(notes=np.concatenate([later.notes, notes]))
    assert body_end_steps(later, 24 + 24 * BAR) == 24 + 20 * BAR


def test_where_all_tracks_move_as_one_the_end_is_a_phrase_end_like_others():
    """A tune, a hymn and a groove go on well after their last note."""
    tune = [*melody(23), (23 * BAR, BAR, 60, 80, 0)]
    assert body_bars(piece(tune), 24) == 24
    hymn = [
        row
        for on, dur, pitch, v, _ in tune
        for row in [(on, dur, pitch, v, 0), (on, dur, 36, v, 1)]
    ]
    assert body_bars(piece(hymn), 24) == 24


def test_a_meter_that_changes_after_the_body_forbids_to_go_back():
    for change, body in ((20, 20), (21, 24)):
        music = piece(
            [*melody(23), *bass(23), *chord(23)], meters=(Meter(0, 4, 4), Meter(BAR * change, 4, 4))
        )
        assert body_bars(music, 24) == body


def test_there_is_no_body_where_what_leads_to_the_close_rests():
    """Else the network might have nothing to read."""
    rows = [*melody(4), *bass(4)]
    late = [(on + 20 * BAR, *row) for on, *row in [*melody(3), *bass(3)]]
    assert body_bars(piece([*rows, *late, *chord(23)]), 24) == 24
