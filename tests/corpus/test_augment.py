"""Transposition: exact, in range, drums untouched, the same on tokens as on pieces."""

import numpy as np
import pytest
from corpus_data import random_piece

from lstm_music.corpus.augment import (
    token_transpositions,
    transpose,
    transpose_tokens,
    transpositions,
)
from lstm_music.errors import ConfigError
from lstm_music.music.key import Key
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode


def piece_of(pitches, drums=(), key=None):
    rows = [(24 * i, 24, p, 80, 0) for i, p in enumerate(pitches)]
    rows += [(24 * i, 6, p, 90, 1) for i, p in enumerate(drums)]
    return Piece(notes=np.array(rows, NOTE_DTYPE), tracks=(Track(), Track(is_drum=True)), key=key)


def test_pitches_and_key_move_drums_do_not():
    piece = piece_of([60, 64, 67], [36, 38], Key.parse("C major"))
    higher = transpose(piece, 3)
    assert higher == piece_of([63, 67, 70], [36, 38], Key.parse("Eb major"))
    assert transpose(higher, -3) == piece
    assert transpose(piece, 0) is piece


def test_a_piece_without_key_stays_so():
    assert transpose(piece_of([60]), 2).key is None


def test_range_is_bounded_by_the_music():
    assert transpositions(piece_of([60, 72])) == range(-5, 7)
    assert transpositions(piece_of([26, 60])) == range(-2, 7)
    assert transpositions(piece_of([60, 101])) == range(-5, 3)
    assert transpositions(piece_of([20, 110])) == range(1)  # out already: not moved further
    assert transpositions(piece_of([60, 72]), lowest=-12, highest=0) == range(-12, 1)


def test_drums_alone_are_not_transposed():
    assert transpositions(piece_of([], [36, 127])) == range(1)
    assert transpositions(Piece()) == range(1)


def test_leaving_the_midi_range_is_an_error():
    with pytest.raises(ConfigError, match="out of the MIDI pitches"):
        transpose(piece_of([126]), 2)
    transpose(piece_of([60], [127]), 2)


def test_tokens_are_transposed_as_pieces_are():
    rng = np.random.default_rng(8)
    pieces = [random_piece(rng) for _ in range(12)]
    pieces += [decode(encode(piece_of([60, 64, 50], [36, 38], Key(0, "minor"))))]
    for piece in pieces:
        tokens = encode(piece)
        assert token_transpositions(tokens) == transpositions(piece)
        for semitones in transpositions(piece):
            assert transpose_tokens(tokens, semitones).tolist() == (
                encode(transpose(piece, semitones)).tolist()
            )
