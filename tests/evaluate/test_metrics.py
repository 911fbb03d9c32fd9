"""The metrics of the papers, on bars small enough to count by hand."""

import numpy as np
import pytest

from lstm_music.evaluate.metrics import (
    groove_consistency,
    pitch_class_entropy,
    scale_consistency,
)
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes


def played(*onsets, **fields):
    notes = make_notes([(onset, 3, 60, 80, 0) for onset in onsets])
    return Piece(notes=notes, tracks=(Track(),), **fields)


def sung(*pitches, is_drum=False):
    notes = make_notes([(24 * i, 24, p, 80, 0) for i, p in enumerate(pitches)])
    return Piece(notes=notes, tracks=(Track(is_drum=is_drum),))


def bars(*rhythms, bar=96):
    return [bar * i + onset for i, rhythm in enumerate(rhythms) for onset in rhythm]


def test_equal_bars_are_consistent_and_opposite_ones_are_not():
    assert groove_consistency(played(*bars([0, 48], [0, 48], [0, 48]))) == 1
    even, odd = range(0, 96, 12), range(6, 96, 12)
    assert groove_consistency(played(*bars(even, odd))) == 0


def test_groove_is_the_mean_over_neighbours_only():
    # 1 of 16 differs, then 2 of 16; the first and the third bar are not compared.
    piece = played(*bars([0], [0, 6], [0]), 96 * 2 + 12)
    assert groove_consistency(piece) == pytest.approx(1 - np.mean([1, 2]) / 16)


def test_groove_as_muspy_sums_it_up():
    """All distances over (bars - 1) * 16, for random rhythms on the 16ths."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        grid = rng.random((int(rng.integers(2, 9)), 16)) < 0.4
        grid[-1, 0] = True  # the last bar has an onset
        distance = np.count_nonzero(grid[:-1] != grid[1:])
        expected = 1 - distance / (16 * (len(grid) - 1))
        assert groove_consistency(played(*6 * np.flatnonzero(grid))) == pytest.approx(expected)


def test_an_onset_counts_at_the_nearest_16th_even_over_the_bar_line():
    straight = bars([0, 24, 48, 72], [0, 24, 48, 72], [0])
    loose = [0, 26, 46, 73, 94, 122, 144, 170, 190]
    assert groove_consistency(played(*loose)) == groove_consistency(played(*straight))
    assert groove_consistency(played(0, 92)) is None  # 92 is nearer to the last 16th


def test_a_pickup_and_a_change_of_meter_make_no_pair():
    three = Meter(0, 3, 4)
    upbeat = [0, *(12 + onset for onset in bars([0, 24, 48], [0, 24, 48], bar=72))]
    assert groove_consistency(played(*upbeat, meters=(three,), pickup_steps=12)) == 1
    changed = (Meter(0, 4, 4), Meter(192, 3, 4))
    rhythm = [0, 96, 102, 192, 198, 204, 264]
    assert groove_consistency(played(*rhythm, meters=changed)) == pytest.approx(
        1 - np.mean([1 / 16, 2 / 12])
    )


def test_a_bar_of_rest_is_a_bar():
    assert groove_consistency(played(0, 192)) == pytest.approx(1 - 1 / 16)


def test_groove_needs_two_bars():
    assert groove_consistency(played(0, 24, 48)) is None
    assert groove_consistency(Piece()) is None


def test_pitch_class_entropy():
    assert pitch_class_entropy(sung(60, 72, 48)) == 0
    assert pitch_class_entropy(sung(*range(60, 72))) == pytest.approx(np.log2(12))
    assert pitch_class_entropy(sung(60, 60, 60, 67)) == pytest.approx(0.8112781)


def test_scale_consistency():
    major = (60, 62, 64, 65, 67, 69, 71)
    assert scale_consistency(sung(*major)) == 1
    assert scale_consistency(sung(*(p + 5 for p in major))) == 1
    assert scale_consistency(sung(*range(60, 72))) == pytest.approx(7 / 12)
    assert scale_consistency(sung(*major, 61)) == pytest.approx(7 / 8)


@pytest.mark.parametrize("metric", [pitch_class_entropy, scale_consistency])
def test_drums_have_no_pitch(metric):
    assert metric(sung(36, 38, 42, is_drum=True)) is None
    assert metric(Piece()) is None
