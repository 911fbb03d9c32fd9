"""What sounds accented, on music small enough to say."""

import numpy as np
import pytest
from paths import MIDI_DATA

from lstm_music.midi.read import read_midi
from lstm_music.music.listening.accents import ACCENTS, MAX_SLOTS, SLOT_STEPS, find_accents
from lstm_music.music.piece import Piece, Track, make_notes


def row(piece, name):
    return find_accents(piece).rows[ACCENTS.index(name)]


def melody(rows, **track):
    return Piece(notes=make_notes([(*r, 0) for r in rows]), tracks=(Track(**track),))


def test_a_long_low_loud_note_stands_out():
    piece = melody([(0, 48, 40, 120), (48, 6, 70, 60), (54, 6, 72, 60), (60, 6, 71, 60)])
    for name in ("long", "wait", "low", "loud"):
        assert row(piece, name).argmax() == 0, name
    assert row(piece, "high").argmax() == 54 // SLOT_STEPS


def test_the_harmony_changes_where_it_does():
    triads = [(0, 60), (0, 64), (0, 67), (96, 62), (96, 65), (96, 69), (192, 60), (192, 64)]
    piece = melody([(onset, 96, pitch, 80) for onset, pitch in triads])
    found = row(piece, "harmony")
    assert found[96 // SLOT_STEPS] == 1
    assert found[48 // SLOT_STEPS] == 0


def test_drums_have_no_harmony_and_keep_their_parts():
    piece = melody([(0, 6, 36, 90), (24, 6, 38, 90), (48, 6, 49, 127)], is_drum=True)
    assert not row(piece, "harmony").any()
    assert row(piece, "kick").tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert row(piece, "snare").argmax() == 4
    assert row(piece, "crash").argmax() == row(piece, "hit").argmax() == 8


def test_an_entry_follows_silence():
    piece = melody([(0, 24, 60, 80), (24, 24, 60, 80), (96, 24, 60, 80)])
    assert np.flatnonzero(row(piece, "entry")).tolist() == [96 // SLOT_STEPS]


def test_triplets_are_counted_not_placed():
    piece = melody([(8 * i, 8, 60, 80) for i in range(24)])
    accents = find_accents(piece)
    assert accents.ternary_share == pytest.approx(2 / 3)
    assert set(np.flatnonzero(accents.rows[0]) % 4) == {0}


def test_a_very_long_piece_is_cut_short():
    rows = [(24 * i, 24, 60 + i % 5, 80) for i in range(MAX_SLOTS)]
    assert find_accents(melody(rows)).rows.shape[1] <= MAX_SLOTS
    late = melody([(2**30, 24, 60, 80)])
    assert not find_accents(late).rows.any()


def test_all_our_pieces_have_finite_accents():
    for path in sorted(MIDI_DATA.glob("*.mid")):
        accents = find_accents(read_midi(path))
        assert np.isfinite(accents.rows).all()
        assert (accents.rows >= 0).all()
