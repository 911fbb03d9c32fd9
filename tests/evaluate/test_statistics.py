"""Piece statistics on pieces small enough to count by hand."""

import numpy as np
import pytest

from lstm_music.evaluate.statistics import beat_steps, longest_repeat, piece_statistics
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes


def piece_of(*notes, tracks=1, **fields):
    """A piece of (onset, duration, pitch[, track]) in steps."""
    rows = [(n[0], n[1], n[2], 80, n[3] if len(n) > 3 else 0) for n in notes]
    return Piece(notes=make_notes(rows), tracks=tuple(Track() for _ in range(tracks)), **fields)


def melody(pitches, step=24):
    return piece_of(*((i * step, step, p) for i, p in enumerate(pitches)))


def test_counts():
    stats = piece_statistics(piece_of((0, 24, 60), (24, 12, 62), (36, 12, 60), (288, 96, 64)))
    assert (stats.n_notes, stats.distinct_pitches, stats.distinct_durations) == (4, 3, 3)
    assert stats.on_beat_share == 0.75
    assert (stats.n_bars, stats.notes_per_bar, stats.empty_bars) == (4, 1.0, 2)


def test_a_held_note_fills_its_bars():
    assert piece_statistics(piece_of((0, 200, 60), (384, 1, 60))).empty_bars == 1


def test_a_pickup_is_no_bar():
    """As `inspect` and `infill` count them."""
    notes = ((0, 24, 60), (24, 96, 62), (216, 96, 64))
    stats = piece_statistics(piece_of(*notes, pickup_steps=24))
    assert (stats.n_bars, stats.notes_per_bar, stats.empty_bars) == (3, 2 / 3, 1)
    alone = piece_statistics(piece_of((0, 24, 60), pickup_steps=24))
    assert (alone.n_bars, alone.notes_per_bar, alone.empty_bars) == (0, 0.0, 0)


def test_beats_of_meters():
    meters = {"4/4": 24, "3/4": 24, "2/2": 48, "6/8": 36, "9/8": 36, "3/8": 12, "7/8": 12}
    for text, steps in meters.items():
        assert beat_steps(Meter.parse(text)) == steps, text


def test_on_beat_in_a_pickup_counts_from_the_bar_line():
    jig = (Meter(0, 6, 8),)
    piece = piece_of((0, 12, 60), (12, 36, 62), (48, 36, 64), meters=jig, pickup_steps=12)
    assert piece_statistics(piece).on_beat_share == pytest.approx(2 / 3)


def test_longest_repeat():
    assert piece_statistics(melody([60, 62, 64, 65, 60, 62, 64, 67])).longest_repeat == 3
    assert piece_statistics(melody([60, 62, 64, 65])).longest_repeat == 0
    assert piece_statistics(melody([60] * 9)).longest_repeat == 4  # no overlap
    # The same pitches in another rhythm are no repeat.
    other_rhythm = piece_of((0, 24, 60), (24, 24, 62), (96, 24, 60), (132, 24, 62))
    assert piece_statistics(other_rhythm).longest_repeat == 1


def test_longest_repeat_against_all_pairs():
    rng = np.random.default_rng(3)
    for _ in range(30):
        rows = rng.integers(0, 2, (rng.integers(0, 14), 2)).astype(np.int32)
        best = 0
        for i in range(len(rows)):
            for j in range(i + 1, len(rows)):
                for n in range(1, min(j - i, len(rows) - j) + 1):
                    same = np.array_equal(rows[i + 1 : i + n], rows[j + 1 : j + n])
                    if same and rows[i, 0] == rows[j, 0]:
                        best = max(best, n)
        assert longest_repeat(rows) == best


def test_longest_same_pitch_run_is_counted_in_each_track():
    piece = piece_of(
        (0, 24, 60, 0), (0, 24, 40, 1), (24, 24, 60, 0), (24, 24, 41, 1), (48, 24, 60, 0), tracks=2
    )
    assert piece_statistics(piece).longest_same_pitch_run == 3
    chords = piece_of((0, 24, 60), (0, 24, 64), (24, 24, 60), (24, 24, 64), (48, 24, 60))
    assert piece_statistics(chords).longest_same_pitch_run == 2


def test_no_notes():
    stats = piece_statistics(Piece())
    assert (stats.n_notes, stats.n_bars, stats.on_beat_share, stats.longest_repeat) == (0, 0, 0, 0)
