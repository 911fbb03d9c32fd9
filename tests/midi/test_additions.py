"""What a piece has beyond the file that it was read from."""

import numpy as np
import pytest
from smf_bytes import END, NOTE, smf

import lstm_music as lm
from lstm_music.midi.write import to_midi_bytes
from lstm_music.midi.writing.additions import additions
from lstm_music.music.key import Key, KeyChange
from lstm_music.music.meter import Meter
from lstm_music.music.piece import PEDAL_DTYPE, Tempo, make_notes

IN_D = "00 FF 59 02 02 00 "
BAR = smf(IN_D + NOTE * 4 + END)


def more(piece, *rows):
    return np.concatenate([piece.notes, make_notes(rows)])


def test_a_piece_as_it_was_read_has_nothing_more():
    found = additions(lm.read(BAR))
    assert found.start_steps is None
    assert [len(part) for part in found] == [0] * 6


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({"notes": (192, 24, 60, 80, 0)}, 192),
        ({"notes": (192, 24, 60, 80, 0), "tempos": (Tempo(0), Tempo(96, 400_000))}, 96),
        ({"notes": (96, 24, 60, 80, 0), "tempos": (Tempo(0), Tempo(192, 400_000))}, 96),
        ({"meters": (Meter(0, 4, 4), Meter(96, 3, 4))}, 96),
        ({"key_changes": (KeyChange(120, Key(1)), KeyChange(144, Key(2)))}, 120),
    ],
)
def test_the_first_addition_is_where_they_start(changes, start):
    piece = lm.read(BAR)
    if "notes" in changes:
        changes = changes | {"notes": more(piece, changes["notes"])}
    assert additions(piece.replace(**changes)).start_steps == start


@pytest.mark.parametrize(
    "changes",
    [
        {"meters": (Meter(0, 4, 4), Meter(95, 3, 4))},
        {"tempos": (Tempo(0), Tempo(95, 400_000))},
        {"key_changes": (KeyChange(95, Key(1)),)},
        {"key": Key(1)},
        {"pickup_steps": 24},
        {"original": None},
    ],
)
def test_what_changes_the_music_of_the_file_is_no_addition(changes):
    assert additions(lm.read(BAR).replace(**changes)) is None


def test_a_row_that_stands_twice_counts_twice():
    piece = lm.read(BAR)
    twice = additions(piece.replace(notes=np.repeat(piece.notes, 2)))
    assert twice.notes.tolist() == piece.notes.tolist()
    doubled = lm.read(smf(NOTE * 2 + END, NOTE + END))
    found = additions(doubled.replace(notes=doubled.notes[[0, 2]]))
    assert (found.notes.tolist(), found.removed.tolist()) == ([], [1])


def test_a_lifted_pedal_that_is_gone_is_told():
    piece = lm.read(smf("00 B0 40 7F" + NOTE + "00 B0 40 00" + END))
    assert len(piece.pedal) == 2
    assert additions(piece.replace(pedal=piece.pedal[:1])) is None
    lift = np.array([(48, 0, False)], PEDAL_DTYPE)
    longer = additions(piece.replace(pedal=np.concatenate([piece.pedal, lift])))
    assert longer.pedal.tolist() == lift.tolist()


def test_a_style_which_no_file_can_say_leaves_the_file_as_it_is():
    assert to_midi_bytes(lm.read(BAR).replace(style="folk")) == BAR
