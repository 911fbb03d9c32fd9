"""Notes in the order in which their measures sound."""

from lstm_music.midi.scores.notes import ScoreNote
from lstm_music.midi.scores.repeats import Measure
from lstm_music.midi.scores.unfold import unfold_notes

MEASURES = [Measure(96 * i, 96) for i in range(5)]


def unfolded(spans, order, **options):
    """Onset and end of notes (onset, end, pitch) of one track, all in quarters of a bar."""
    notes = [ScoreNote(24 * on, 24 * end, pitch, 80, 0) for on, end, pitch in spans]
    sounding = unfold_notes(notes, MEASURES, order, **options)
    return sorted((n.onset / 24, n.end / 24, n.pitch) for n in sounding)


def test_a_note_is_cut_where_the_music_jumps_away_however_long_it_is():
    assert unfolded([(2, 16, 60)], [0, 1, 2, 0, 1]) == [(2, 12, 60), (14, 20, 60)]
    assert unfolded([(2, 16, 60)], [0, 1, 2, 3, 4]) == [(2, 16, 60)]


def test_a_note_of_what_is_jumped_over_is_left_out():
    assert unfolded([(0, 4, 60), (4, 8, 62), (8, 12, 64)], [0, 2]) == [(0, 4, 60), (4, 8, 64)]


def test_a_chord_in_force_sounds_where_the_music_jumps_to():
    chords = [(0, 10, 60), (10, 20, 65)]
    assert unfolded(chords, [0, 1, 1, 2, 3, 4], chord_track=0) == [
        (0, 8, 60), (8, 14, 60), (14, 24, 65),
    ]  # fmt: skip
    assert unfolded(chords, [0, 1, 1, 2, 3, 4]) == [(0, 8, 60), (14, 24, 65)]


def test_the_chord_before_an_ending_that_is_left_out_goes_on():
    chords = [(0, 4, 60), (4, 10, 65), (10, 20, 67)]
    assert unfolded(chords, [0, 2, 3, 4], chord_track=0) == [(0, 4, 60), (4, 6, 60), (6, 16, 67)]


def test_no_chord_is_held_where_one_begins():
    chords = [(0, 4, 60), (4, 8, 65), (8, 20, 67)]
    assert unfolded(chords, [0, 1, 0, 2, 3, 4], chord_track=0) == [
        (0, 4, 60), (4, 8, 65), (8, 12, 60), (12, 24, 67),
    ]  # fmt: skip
