"""Parallels and crossings in notes that were made by hand."""

import numpy as np
import pytest

from lstm_music.music.piece import make_notes
from lstm_music.music.voice_leading import crossings, is_among, parallels


def two(upper, lower, length=24):
    """Two parts of equal notes."""
    parts = [(upper, 0), (lower, 1)]
    return make_notes(
        [(i * length, length, p, 80, t) for part, t in parts for i, p in enumerate(part)]
    )


@pytest.mark.parametrize(
    ("upper", "lower", "found"),
    [
        ([67, 69], [60, 62], ["fifth"]),
        ([72, 74], [60, 62], ["octave"]),
        ([60, 62], [60, 62], ["octave"]),  # a unison
        ([79, 69], [60, 62], ["fifth"]),  # a twelfth to a fifth, in contrary motion
        ([60, 74], [60, 62], ["octave"]),  # a unison to an octave
        ([53, 55], [60, 62], ["fifth"]),  # the lower track above
        ([67, 67], [60, 60], []),  # neither moves
        ([67, 79], [60, 60], []),  # one moves
        ([65, 67], [60, 62], []),  # fourths
        ([64, 69], [60, 62], []),  # into a fifth
        ([72, 69], [60, 62], []),  # from an octave to a fifth
        ([67, 69, 71], [60, 62, 64], ["fifth", "fifth"]),
    ],
)
def test_two_parts(upper, lower, found):
    assert [one.interval for one in parallels(two(upper, lower), [0, 1])] == found


def test_where_and_between_which_notes():
    (one,) = parallels(two([64, 67, 69], [60, 60, 62]), [0, 1])
    assert (one.onset_steps, one.tracks, one.notes) == (48, (0, 1), (1, 2, 4, 5))
    assert is_among(one.notes, np.array([0, 0, 0, 0, 0, 1], bool))
    assert not is_among(one.notes, np.array([1, 0, 0, 1, 0, 0], bool))


def test_a_part_moves_from_its_last_note():
    notes = make_notes([(0, 24, 67, 80, 0), (24, 24, 69, 80, 0)])
    faster = make_notes([(0, 12, 65, 80, 1), (12, 12, 60, 80, 1), (24, 24, 62, 80, 1)])
    assert len(parallels(np.concatenate([notes, faster]), [0, 1])) == 1


@pytest.mark.parametrize(("rest", "found"), [(12, 1), (23, 1), (24, 0)])
def test_a_rest_of_a_quarter_breaks_a_part(rest, found):
    notes = two([67, 69], [60, 62])
    notes["onset_steps"][[1, 3]] += rest
    assert len(parallels(notes, [0, 1])) == found


def test_of_chords_the_highest_and_the_lowest_note_count():
    bass = [(0, 24, 48, 80, 1), (24, 24, 50, 80, 1)]
    inner = [(0, 24, 52, 80, 0), (0, 24, 55, 80, 0), (0, 24, 76, 80, 0)]
    inner += [(24, 24, 53, 80, 0), (24, 24, 57, 80, 0), (24, 24, 77, 80, 0)]
    assert not parallels(make_notes(bass + inner), [0, 1])
    top = [(t, d, 60 + p - 48, v, 0) for t, d, p, v, _ in bass]
    assert len(parallels(make_notes(bass + top + inner[:2] + inner[3:5]), [0, 1])) == 1


def test_a_held_note_does_not_move():
    held = [(0, 48, 48, 80, 1), (24, 24, 62, 80, 1), (0, 24, 60, 80, 1)]
    upper = [(0, 24, 72, 80, 0), (24, 24, 74, 80, 0)]
    (one,) = parallels(make_notes(held + upper), [0, 1])  # with the upper note of the chord
    assert one.notes == (3, 4, 2, 1)


def test_tracks_that_are_not_named_are_not_looked_at():
    assert not parallels(two([67, 69], [60, 62]), [0])


def test_crossings():
    assert not crossings(two([60, 62], [60, 62]), 0, 1)
    assert crossings(two([60, 62], [60, 64]), 0, 1) == [(1, 3)]
    assert not crossings(two([60, 62], [60, 64]), 1, 0)
    long = make_notes([(0, 48, 60, 80, 0), (24, 24, 61, 80, 1), (48, 24, 61, 80, 1)])
    assert crossings(long, 0, 1) == [(0, 1)]
    assert crossings(long[:1], 0, 1) == []
