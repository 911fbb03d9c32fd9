"""What tells a performance from a score, and the lengths that its notes would have in one."""

import numpy as np
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.music.performance import Manner, manner_of, with_written_lengths
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes

FAR = 1 << 40


def piece(rows, **more):
    return Piece(notes=make_notes(rows), tracks=(Track(), Track(is_drum=True)), **more)


def lengths(rows, start=FAR, end=FAR):
    return with_written_lengths(piece(rows), start, end).notes["duration_steps"].tolist()


@pytest.mark.parametrize("name", ["chorale", "waltz", "reel", "lead_sheet"])
def test_the_lengths_of_a_score_are_written_ones(name):
    assert manner_of(lm.read(MIDI_DATA / f"{name}.mid")).lengths == 0


def test_each_share_is_counted():
    rows = [(0, 24, 60, 80, 0), (25, 23, 62, 83, 0), (48, 17, 64, 87, 0), (72, 24, 65, 60, 0)]
    drums = [(48, 5, 36, 20, 1), (72, 5, 36, 90, 1)]
    pedal = np.array([(0, 0, True), (20, 0, False), (26, 0, True), (72, 0, False)], PEDAL_DTYPE)
    tempos = (Tempo(0, 500_000), Tempo(48, 510_000))
    manner = manner_of(piece(rows + drums, pedal=pedal, tempos=tempos))
    # The onset 25, of six; 83 to 87 and 87 to 60, of three; 20 and 26, of four; of four 17 (23 is
    # up to the next onset): the loudness and lengths of drums do not count.
    assert manner == pytest.approx(Manner(1 / 6, 2 / 3, 0.5, 1.0, 0.25))


def test_what_is_not_there_is_unknown():
    manner = manner_of(piece([(0, 5, 36, 20, 1)]))
    assert np.isnan([manner.loudness, manner.pedal, manner.lengths]).all()
    assert manner.tempo == 0


def test_a_length_up_to_the_next_onset_is_written():
    assert manner_of(piece([(0, 7, 60, 80, 0), (7, 24, 62, 80, 0)])).lengths == 0


@pytest.mark.parametrize(("played", "written"), [(15, 24), (19, 24), (23, 24), (29, 24), (13, 12)])
def test_a_note_reaches_the_next_onset_of_its_track_if_it_nearly_does(played, written):
    assert lengths([(0, played, 60, 80, 0), (24, 24, 62, 80, 0)])[0] == written


def test_a_held_note_ends_with_a_later_onset_near_its_end():
    rows = [(0, 91, 48, 80, 0), (0, 24, 60, 80, 0), (24, 72, 62, 80, 0), (96, 24, 64, 80, 0)]
    assert lengths(rows) == [96, 24, 72, 24]


def test_an_onset_of_a_drum_ends_a_note_too():
    assert lengths([(0, 44, 48, 80, 0), (48, 5, 36, 80, 1)])[0] == 48


@pytest.mark.parametrize(
    ("played", "written"), [(1, 4), (5, 6), (7, 8), (11, 12), (21, 24), (50, 48), (130, 120)]
)
def test_the_last_note_gets_the_nearest_value(played, written):
    assert lengths([(0, played, 60, 80, 0)]) == [written]


def test_drums_keep_their_lengths():
    assert lengths([(0, 5, 36, 20, 1), (6, 7, 36, 90, 1)]) == [5, 7]


def test_notes_that_sound_in_the_open_bars_stay_as_they_are():
    rows = [(0, 91, 60, 80, 0), (48, 100, 62, 80, 0), (100, 7, 64, 80, 0), (192, 91, 65, 80, 0)]
    assert lengths(rows, start=96, end=192) == [96, 100, 7, 96]


def test_no_note_is_made_to_sound_in_the_open_bars():
    assert lengths([(48, 40, 60, 80, 0), (100, 24, 62, 80, 0)], start=90, end=192)[0] == 42


@pytest.mark.parametrize("pickup", [0, 5, 12])
def test_the_grid_begins_with_the_first_bar_line(pickup):
    on_grid = piece([(pickup + 8 * i, 8, 60, 80, 0) for i in range(12)], pickup_steps=pickup)
    assert manner_of(on_grid).onsets == 0
    assert manner_of(on_grid.replace(pickup_steps=pickup + 1)).onsets > 0.5
