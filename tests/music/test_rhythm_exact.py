"""Written rhythm goes through ``infer_meter`` and ``quantise`` unchanged, however odd."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_music.music.listening.quantise import quantise
from lstm_music.music.listening.rhythm import infer_meter
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Tempo, Track, make_notes

BARS = 12
MELODY = (60, 64, 67, 72, 71, 67, 65, 62)


def bars_of(bar_steps, rhythm, numerator, denominator, ties=()):
    """The same rhythm (onset, duration in steps) in each bar over a bass note.

    ties : bars whose last note is held over the bar line.
    """
    rows = []
    for bar in range(BARS):
        rows.append((bar * bar_steps, bar_steps, 36 + 7 * (bar // 2 % 2), 80, 0))
        for i, (onset, duration) in enumerate(rhythm):
            held = bar_steps // 4 if bar in ties and i == len(rhythm) - 1 else 0
            pitch = MELODY[(i + bar // 2) % len(MELODY)]
            rows.append((bar * bar_steps + onset, duration + held, pitch, 80 + 10 * (i == 0), 0))
    return Piece(
        notes=make_notes(rows), tracks=(Track(),), meters=(Meter(0, numerator, denominator),)
    )


def even(parts, unit):
    return [(i * unit, unit) for i in range(parts)]


SWING = [(beat * 24 + at, length) for beat in range(4) for at, length in ((0, 16), (16, 8))]
WRITTEN = {
    "triplets": bars_of(96, even(12, 8), 4, 4),
    "sextuplets": bars_of(96, even(24, 4), 4, 4),
    "32nds": bars_of(96, even(32, 3), 4, 4),
    "32nds against sextuplets": bars_of(
        96, even(16, 3) + [(48 + 4 * i, 4) for i in range(12)], 4, 4
    ),
    "swing": bars_of(96, SWING, 4, 4),
    "dotted": bars_of(96, [(0, 18), (18, 6), (24, 36), (60, 12), (72, 21), (93, 3)], 4, 4),
    "ties over bars": bars_of(72, [(24, 24), (48, 24)], 3, 4, ties=(1, 3, 5, 7)),
    "syncopation": bars_of(96, [(12, 24), (36, 24), (60, 24), (84, 24)], 4, 4),
    "5/4": bars_of(120, [(0, 36), (36, 36), (72, 24), (96, 24)], 5, 4),
    "7/8": bars_of(84, [(0, 24), (24, 24), (48, 36)], 7, 8),
    "12/8": bars_of(144, even(12, 12), 12, 8),
    "9/8": bars_of(108, [(0, 24), (24, 12), (36, 24), (60, 12), (72, 36)], 9, 8),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_written_rhythm_stays(name):
    piece = WRITTEN[name]
    assert quantise(infer_meter(piece)) == piece


@pytest.mark.parametrize("name", WRITTEN)
def test_written_rhythm_stays_when_the_meter_is_left_open(name):
    piece = WRITTEN[name].replace(meters=(Meter(0, 4, 4),), unstated=frozenset({"meter"}))
    after = quantise(infer_meter(piece))
    assert np.array_equal(after.notes, piece.notes)


def test_one_odd_bar_does_not_undo_what_follows():
    piece = WRITTEN["dotted"]
    notes = piece.notes.copy()
    notes["onset_steps"][40:] += 1
    assert quantise(piece.replace(notes=notes)) == piece.replace(notes=notes)


ON_GRID = st.integers(0, 400).flatmap(lambda k: st.sampled_from([3 * k, 4 * k]))


@given(
    st.lists(
        st.tuples(ON_GRID, st.integers(1, 100), st.integers(0, 127), st.integers(1, 127)),
        max_size=60,
    ),
    st.integers(200_000, 2_000_000),
)
def test_notes_on_multiples_of_three_or_four_steps_are_a_fixed_point(rows, usec_per_quarter):
    notes = make_notes([(*row, i % 3) for i, row in enumerate(rows)])
    tracks = (Track(), Track(is_drum=True), Track(33))
    piece = Piece(notes=notes, tracks=tracks, tempos=(Tempo(0, usec_per_quarter),))
    after = quantise(piece)
    assert after == piece
    assert after.repairs == piece.repairs
    assert np.array_equal(infer_meter(piece).notes, piece.notes)
