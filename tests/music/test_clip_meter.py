"""Clips cut to whole bars of 4/4: what ends with such a bar is not given another meter."""

import pytest

from lstm_music.music.listening.rhythm import infer_meter
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes

SCALE = (60, 62, 64, 65, 67, 65, 64, 62)


def clip(n_quarters, last_steps, **changes):
    """Quarters up and down a scale, then a long note."""
    rows = [(24 * i, 24, SCALE[i % 8], 80, 0) for i in range(n_quarters)]
    rows.append((24 * n_quarters, last_steps, 60, 80, 0))
    return Piece(notes=make_notes(rows), tracks=(Track(),), **changes)


@pytest.mark.parametrize("unstated", [frozenset(), frozenset({"meter"})])
@pytest.mark.parametrize(("last_steps", "length_steps"), [(96, 0), (94, 0), (48, 384), (24, 384)])
def test_four_bars_that_end_in_a_long_note_stay_in_four(unstated, last_steps, length_steps):
    found = infer_meter(clip(12, last_steps, unstated=unstated, length_steps=length_steps))
    assert (found.meters, found.pickup_steps) == ((Meter(0, 4, 4),), 0)


def test_a_clip_that_fills_the_bars_of_both_is_heard():
    waltz = [
        (72 * bar + 24 * beat, 24, pitch, 80, 0)
        for bar in range(8)
        for beat, pitch in ((0, 40), (1, 60), (1, 64), (2, 60), (2, 64))
    ]
    found = infer_meter(Piece(notes=make_notes(waltz), tracks=(Track(),)))
    assert str(found.meters[0]) == "3/4"


def test_a_longer_piece_may_end_anywhere():
    """Eleven bars of 3/4 with a last note that ends with the ninth of 4/4."""
    waltz = [
        (72 * bar + 24 * beat, 24, pitch, 80, 0)
        for bar in range(11)
        for beat, pitch in ((0, 40), (1, 60), (1, 64), (2, 60), (2, 64))
    ]
    rows = [*waltz, (792, 72, 40, 80, 0)]
    found = infer_meter(Piece(notes=make_notes(rows), tracks=(Track(),)))
    assert found.end_steps % 96 == 0
    assert str(found.meters[0]) == "3/4"
