"""What statistics share of a piece: its notes by kind, its parts, and where onsets lie."""

from lstm_music.evaluate.view import View
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes

TRACKS = (Track(), Track(is_drum=True), Track())


def view_of(*rows, tracks=TRACKS, **fields):
    """A view of (onset, duration, pitch, track) in steps."""
    notes = make_notes([(onset, length, pitch, 80, track) for onset, length, pitch, track in rows])
    return View(Piece(notes=notes, tracks=tracks, **fields))


def test_notes_are_pitched_or_strokes_of_drums():
    view = view_of((0, 24, 60, 0), (0, 6, 36, 1), (24, 48, 48, 2))
    assert view.notes.ends == [24, 6, 72]
    assert view.pitched.pitches == [60, 48]
    assert view.strokes.pitches == [36]
    assert view_of((0, 24, 60, 0), tracks=(Track(),)).strokes.onsets == []


def test_a_part_has_the_highest_note_of_each_onset_of_a_track():
    view = view_of((0, 24, 50, 2), (0, 24, 60, 0), (0, 48, 64, 0), (24, 24, 62, 0), (24, 6, 90, 1))
    assert view.parts == [([0, 24], [48, 48], [64, 62]), ([0], [24], [50])]


def test_places_are_those_of_bar_lines():
    view = view_of(
        *((onset, 6, 60, 0) for onset in (0, 12, 12, 84, 108, 126)),
        meters=(Meter(0, 4, 4), Meter(108, 6, 8)),
        pickup_steps=12,
    )
    assert view.onsets == [0, 12, 84, 108, 126]
    assert list(view.bar_at.values()) == [0, 1, 1, 2, 2]
    assert view.bars == [0, 1, 1, 1, 2, 2]
    assert list(view.place_at.values()) == [0, 0, 72, 0, 18]
    assert list(view.bar_steps_at.values()) == [96, 96, 96, 72, 72]
    assert list(view.beat_at.values()) == [24, 24, 24, 36, 36]
    assert list(view.sixteenth_at.values()) == [(-1, 0), (0, 0), (0, 12), (1, 0), (1, 3)]


def test_nothing_is_in_an_empty_piece():
    view = View(Piece())
    assert not (view.parts or view.onsets or view.bar_at or view.sixteenth_at or view.bars)
