"""Parallels and chords at rest, counted on hand-made examples."""

import pytest

from lstm_music.evaluate.voice_leading import Parallels, parallels, root_position_at_rest
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes

QUARTER = 24


def parts(*lines, step=QUARTER):
    """One track a line; a line is of pitches, or of (pitch, quarters), None for a rest."""
    rows = []
    for track, line in enumerate(lines):
        onset = 0
        for note in line:
            pitch, length = note if isinstance(note, tuple) else (note, 1)
            if pitch is not None:
                rows.append((onset, int(length * step), pitch, 80, track))
            onset += int(length * step)
    return Piece(notes=make_notes(rows), tracks=tuple(Track() for _ in lines))


def counted(*lines):
    found = parallels(parts(*lines))
    return found.fifths, found.octaves, found.unisons


def test_each_kind():
    assert counted([67, 69], [60, 62]) == (1, 0, 0)
    assert counted([79, 81], [60, 62]) == (1, 0, 0)  # twelfths
    assert counted([72, 71, 69], [60, 59, 57]) == (0, 2, 0)
    assert counted([60, 62], [60, 62]) == (0, 0, 1)
    assert counted([84, 74], [60, 50]) == (0, 1, 0)  # two octaves


def test_crossed_parts_count_too():
    assert counted([60, 62], [67, 69]) == (1, 0, 0)


def test_every_pair_of_parts_counts():
    assert counted([72, 74], [67, 69], [60, 62]) == (1, 1, 0)


def test_what_makes_none():
    assert counted([67, 67], [60, 60]) == (0, 0, 0)  # repeated
    assert counted([67, 69], [60, 60]) == (0, 0, 0)  # one moves
    assert counted([72, 67], [60, 67]) == (0, 0, 0)  # against each other
    assert counted([67, 67], [60, 48]) == (0, 0, 0)  # one stays
    assert counted([67, 69], [60, 65]) == (0, 0, 0)  # another interval
    assert counted([67, 81], [72, 74]) == (0, 0, 0)  # a fourth, upside down, then a fifth


def test_the_last_note_before_counts_not_the_one_on_the_beat():
    upper, lower = [67, 69], [60, 62]
    passing = [(60, 0.5), (64, 0.5), (62, 1)]
    assert counted(upper, lower) == (1, 0, 0)
    assert counted(upper, passing) == (0, 0, 0)
    to_fifth = [(64, 0.5), (60, 0.5), (62, 1)]
    assert counted(upper, to_fifth) == (1, 0, 0)


def test_a_part_that_was_silent_makes_none():
    assert counted([67, (None, 1), 69], [60, 60, 62]) == (0, 0, 0)


def test_chords_of_a_track_count_as_their_highest_note():
    upper = [(0, 24, 67, 80, 0), (0, 24, 64, 80, 0), (24, 24, 69, 80, 0), (24, 24, 65, 80, 0)]
    lower = [(0, 24, 60, 80, 1), (24, 24, 62, 80, 1)]
    piece = Piece(notes=make_notes([*upper, *lower]), tracks=(Track(), Track()))
    assert parallels(piece) == Parallels(fifths=1, octaves=0, unisons=0, n_notes=6)


def test_for_each_100_notes():
    found = parallels(parts([67, 69, 71, 72], [60, 62, 64, 48]))
    assert found.per_100_notes("fifths") == pytest.approx(100 * 2 / 8)
    assert found.per_100_notes("unisons") == 0


def test_one_part_has_no_parallels_and_drums_are_no_part():
    drums = Piece(notes=parts([67, 69], [60, 62]).notes, tracks=(Track(), Track(is_drum=True)))
    assert parallels(drums) is parallels(parts([60, 62])) is parallels(Piece()) is None


# --- chords at rest ----------------------------------------------------------------------------

C, C6, DIM, OPEN, NO_FIFTH = (60, 64, 67), (60, 63, 68), (59, 62, 65), (60, 67, 72), (60, 64, 72)


def at_rest(*chords, quarters=2.0, **fields):
    return parts(*([(chord[i], quarters) for chord in chords] for i in range(3)), **fields)


@pytest.mark.parametrize(
    ("chord", "share"), [(C, 1), ((57, 60, 64), 1), (NO_FIFTH, 1), (C6, 0), (DIM, 0), (OPEN, 0)]
)
def test_a_triad_on_its_root(chord, share):
    assert root_position_at_rest(at_rest(chord)) == share


def test_the_share_of_those_at_rest():
    assert root_position_at_rest(at_rest(C, C6, C, C)) == 0.75


def test_rest_is_a_beat_and_a_half():
    assert root_position_at_rest(at_rest(C, C6, quarters=1.25)) is None
    assert root_position_at_rest(at_rest(C, C6, quarters=1.5)) == 0.5
    in_6_8 = at_rest(C, C6, quarters=2.0).replace(meters=(Meter(0, 6, 8),))
    assert root_position_at_rest(in_6_8) is None  # a beat is a dotted quarter there


def test_a_chord_that_another_part_moves_under_is_not_at_rest():
    moving = parts([(67, 2)], [(64, 2)], [60, 59])
    assert root_position_at_rest(moving) is None


def test_two_notes_are_no_chord():
    assert root_position_at_rest(parts([(67, 4)], [(60, 4)])) is None
    assert root_position_at_rest(Piece()) is None
