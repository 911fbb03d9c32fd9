"""Cutting at bar lines, and joining again."""

import numpy as np
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.music.excerpt import excerpt, join
from lstm_music.music.piece import PEDAL_DTYPE, make_notes


def piece():
    notes = [(0, 24, 60, 80, 0), (48, 96, 62, 80, 0), (96, 24, 64, 80, 0), (240, 24, 65, 80, 0)]
    pedal = [(0, 0, True), (100, 0, False), (200, 0, True)]
    return lm.Piece(
        notes=make_notes(notes),
        tracks=(lm.Track(),),
        meters=(lm.Meter(0, 4, 4), lm.Meter(192, 3, 4)),
        tempos=(lm.Tempo(0, 500_000), lm.Tempo(120, 400_000)),
        pedal=np.array(pedal, PEDAL_DTYPE),
    )


def test_a_cut_moves_to_zero_what_is_in_force():
    cut = excerpt(piece(), 192)
    assert cut.notes["onset_steps"].tolist() == [48]
    assert [str(m) for m in cut.meters] == ["3/4"]
    assert cut.tempos == (lm.Tempo(0, 400_000),)
    assert [(int(p["onset_steps"]), bool(p["down"])) for p in cut.pedal] == [(8, True)]


def test_a_pedal_that_is_down_stays_down():
    cut = excerpt(piece(), 96)
    assert [(int(p["onset_steps"]), bool(p["down"])) for p in cut.pedal] == [
        (0, True),
        (4, False),
        (104, True),
    ]


def test_an_end_cuts_notes_and_drops_later_changes():
    cut = excerpt(piece(), 0, 96)
    assert cut.notes["duration_steps"].tolist() == [24, 48]
    assert len(cut.meters) == len(cut.tempos) == 1


@pytest.mark.parametrize("name", ["chorale_pickup", "meter_change", "nocturne", "band"])
def test_both_halves_make_the_whole(name):
    whole = lm.read(MIDI_DATA / f"{name}.mid")
    middle = whole.bar_lines.bar_start(whole.end_steps // 2)
    later = excerpt(whole, middle)
    moved = later.notes.copy()
    moved["onset_steps"] += middle
    kept = whole.notes["onset_steps"] < middle
    first = whole.replace(notes=whole.notes[kept], pedal=whole.pedal)
    again = join(first, later.replace(notes=moved, pedal=later.pedal[:0]))
    assert np.array_equal(again.notes, whole.notes)
    assert later.bar_lines.meter_at(0).bar_steps == whole.bar_lines.meter_at(middle).bar_steps


def test_the_whole_is_an_excerpt_of_itself():
    whole = lm.read(MIDI_DATA / "meter_change.mid")
    assert excerpt(whole, 0) == whole
