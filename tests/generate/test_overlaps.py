"""New notes beside given ones of the same key."""

import pytest

from lstm_music.generate.overlaps import clear_of
from lstm_music.music.piece import make_notes


def clear(notes, given):
    rows = clear_of(make_notes(notes), make_notes(given))
    return [tuple(map(int, row))[:3] for row in rows]


def test_one_that_touches_no_other_stays():
    notes = [(24, 24, 60, 80, 0)]
    beside = [(0, 24, 60, 80, 0), (48, 24, 60, 80, 0), (24, 24, 61, 80, 0), (24, 24, 60, 80, 1)]
    assert clear(notes, beside) == [(24, 24, 60)]


@pytest.mark.parametrize(("held", "left"), [(25, [(25, 23, 60)]), (27, [(27, 21, 60)]), (28, [])])
def test_one_on_a_held_key_waits_three_steps_at_most(held, left):
    assert clear([(24, 24, 60, 80, 0)], [(0, held, 60, 80, 0)]) == left


def test_one_that_would_be_over_before_the_key_is_free_is_left_out():
    assert clear([(24, 2, 60, 80, 0)], [(0, 26, 60, 80, 0)]) == []


def test_one_ends_where_a_given_note_begins():
    assert clear([(24, 24, 60, 80, 0)], [(40, 24, 60, 80, 0)]) == [(24, 16, 60)]


def test_one_within_a_very_long_given_note_is_left_out():
    assert clear([(9000, 24, 60, 80, 0)], [(0, 20_000, 60, 80, 0)]) == []


def test_none_is_none():
    assert clear([], [(0, 24, 60, 80, 0)]) == []
    assert clear([(0, 24, 60, 80, 0)], []) == [(0, 24, 60)]
