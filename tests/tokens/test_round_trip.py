"""encode, decode and canonical are one law."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from token_strategies import examples, finish, pieces, walk

from lstm_music.errors import TokenError
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT, MAX_ONSET_STEPS, MAX_TIME_STEPS

SEEDS = st.integers(0, 2**32 - 1)


@given(pieces())
@examples(150)
def test_decode_of_encode_is_the_canonical_piece(piece):
    expected = canonical(piece)
    if len(expected.notes):
        assert decode(encode(piece)) == expected
    else:
        with pytest.raises(TokenError, match="must have a note"):
            encode(piece)


@given(pieces())
@examples(100)
def test_canonical_twice_is_canonical_once(piece):
    once = canonical(piece)
    twice = canonical(once)
    assert twice == once
    assert twice.repairs == once.repairs


@given(SEEDS, st.booleans())
@examples(150)
def test_encode_of_decode_gives_any_legal_walk_back(seed, by_kind):
    tokens = finish(*walk(np.random.default_rng(seed), 150, by_kind))
    piece = decode(tokens)
    assert canonical(piece) == piece
    assert encode(piece).tolist() == tokens


@given(pieces())
@examples(25)
def test_encode_leaves_its_argument_alone(piece):
    notes, pedal = piece.notes.copy(), piece.pedal.copy()
    canonical(piece)
    assert np.array_equal(piece.notes, notes)
    assert np.array_equal(piece.pedal, pedal)


def test_the_latest_onset_tokens_can_name():
    onsets = np.arange(0, MAX_ONSET_STEPS + 2 * MAX_TIME_STEPS, MAX_TIME_STEPS)
    notes = np.zeros(len(onsets), NOTE_DTYPE)
    notes["onset_steps"], notes["duration_steps"], notes["velocity"] = onsets, 1, 84
    piece = canonical(Piece(notes, (Track(),)))
    last = MAX_ONSET_STEPS // MAX_TIME_STEPS * MAX_TIME_STEPS
    assert piece.notes["onset_steps"][-1] == last
    tokens = encode(piece)
    automaton = Automaton(len(onsets))
    automaton.extend(tokens[:-1])
    assert automaton.onset_steps == last
    rest = MAX_ONSET_STEPS - last
    for _ in range(rest // 96):
        assert automaton.advance_py(DEFAULT["long"][0]) == 0
    assert automaton.advance_py(DEFAULT["shift"][rest % 96]) == -2
    assert automaton.advance_py(DEFAULT["shift"][rest % 96 - 1]) == 0
