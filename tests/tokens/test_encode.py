"""What the tokens of a piece are, read by eye."""

import numpy as np
import pytest

from lstm_music.errors import TokenError
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode, encode_header
from lstm_music.tokens.vocabulary import DEFAULT


def names(piece):
    return ", ".join(DEFAULT.name(token) for token in encode(piece))


def test_tokens_of_a_piece_with_everything():
    notes = [
        (0, 24, 67, 84, 0),
        (0, 24, 60, 84, 0),
        (0, 12, 36, 120, 1),
        (12, 12, 42, 120, 1),
        (24, 200, 72, 50, 0),
        (300, 96, 38, 120, 1),
        (300, 97, 74, 50, 0),
    ]
    pedal = [(0, 0, True), (24, 0, False), (24, 0, True), (310, 0, False)]
    piece = Piece(
        make_notes(notes),
        (Track(40), Track(0, True)),
        (Meter(0, 4, 4), Meter(24, 6, 8)),
        (Tempo(0), Tempo(24, 10**6)),
        Key(-1, "minor"),
        np.array(pedal, PEDAL_DTYPE),
        pickup_steps=24,
        style="folk",
    )
    assert names(piece) == (
        "start, style folk, numerator 4, denominator 4, key D minor, tempo 120, pickup 24, "
        "program 40, program drums, body, "
        "pedal_down, pitch 60, duration 24, pitch 67, duration 24, "
        "track 1, drum 36, duration 12, velocity 124, "
        "shift 12, drum 42, duration 12, "
        "shift 12, numerator 6, denominator 8, tempo 60, track 0, pedal_up, pedal_down, "
        "pitch 72, long, long, duration 8, velocity 52, "
        "long, long, shift 84, pitch 74, long, duration 1, track 1, drum 38, duration 96, "
        "shift 10, track 0, pedal_up, end"
    )


def test_long_pickups_and_late_beginnings():
    late = make_notes([(97, 96, 60, 84, 0)])
    piece = Piece(late, (Track(),), (Meter(0, 4, 2),), pickup_steps=96)
    assert names(piece).endswith(
        "long, pickup 0, program 0, body, long, shift 1, pitch 60, duration 96, end"
    )


@pytest.mark.parametrize("piece", [Piece(), Piece(tracks=(Track(),))])
def test_nothing_to_say_is_refused(piece):
    with pytest.raises(TokenError, match="must have a note"):
        encode(piece)


def test_tokens_are_int32():
    piece = Piece(make_notes([(0, 1, 60, 84, 0)]), (Track(),))
    assert encode(piece).dtype == np.int32


def test_a_header_alone_lets_the_model_choose_the_tracks():
    piece = Piece(key=Key(2), tempos=(Tempo.from_bpm(60),), style="polka", pickup_steps=1)
    tokens = encode_header(piece)
    assert [DEFAULT.name(token) for token in tokens] == [
        *("start", "style unknown", "numerator 4", "denominator 4"),
        *("key D major", "tempo 60", "pickup 1"),
    ]
    with_tracks = encode_header(piece.replace(tracks=(Track(3), Track(0, True))))
    assert [DEFAULT.name(token) for token in with_tracks[len(tokens) :]] == [
        *("program 3", "program drums", "body"),
    ]
    with pytest.raises(TokenError, match="at most 16 tracks, got 17"):
        encode_header(piece.replace(tracks=(Track(),) * 17))


def test_a_note_off_its_onset_says_how_far():
    rows = [(0, 24, 60, 84, 0, 3), (24, 24, 62, 84, 0, -16), (48, 24, 64, 84, 0, 0)]
    piece = Piece(make_notes(rows), (Track(),))
    tokens = encode(piece)
    told = [DEFAULT.name(t) for t in tokens if DEFAULT.kind(int(t)) == "timing"]
    assert told == ["timing +3/96", "timing -16/96"]
    assert decode(tokens).notes["timing_96ths"].tolist() == [3, -16, 0]


def test_nothing_is_played_before_the_start_or_too_far_off():
    rows = [(0, 24, 60, 84, 0, -1), (1, 24, 62, 84, 0, -128), (48, 24, 64, 84, 0, 127)]
    notes = decode(encode(Piece(make_notes(rows), (Track(),)))).notes
    assert notes["timing_96ths"].tolist() == [0, -4, 16]
