"""What a piece and a composer look like at Python's prompt."""

from paths import MIDI_DATA

import lstm_music as lm


def test_a_piece_is_told_in_one_line():
    piece = lm.read(MIDI_DATA / "jig.mid")
    assert repr(piece) == "<Piece 'The Basket of Turf': 92 notes, 1 track, 48 quarter notes>"
    untitled = piece.replace(title="", tracks=piece.tracks * 2)
    assert repr(untitled) == "<Piece: 92 notes, 2 tracks, 48 quarter notes>"


def test_a_composer_is_told_by_its_name():
    assert repr(lm.load("folk")) == "<Composer 'folk'>"
