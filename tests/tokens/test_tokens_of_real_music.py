"""Real music, parsed by music21, through the tokens and back."""

import math

import numpy as np
import pytest

from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT

STREAMS = [name for name, _ in DEFAULT.streams]


def parse(work):
    """A work of music21's corpus as a piece, and the accent level of each of its onsets."""
    from music21 import corpus

    score = corpus.parse(work, forceSource=True).stripTies()
    rows, levels = [], {}
    for track, part in enumerate(score.parts):
        for note in part.flatten().notes:
            onset = round(24 * note.offset)
            levels[onset] = round(-math.log2(note.beatStrength))
            duration = round(24 * note.quarterLength)
            rows += [(onset, duration, pitch.midi, 84, track) for pitch in note.pitches]
    first = score.parts[0].getElementsByClass("Measure").first()
    signature = first.timeSignature
    pickup_steps = 0 if not first.paddingLeft else round(24 * first.duration.quarterLength)
    piece = Piece(
        make_notes(rows),
        tuple(Track(52) for _ in score.parts),
        (Meter(0, signature.numerator, signature.denominator),),
        pickup_steps=pickup_steps,
    )
    return piece, levels


@pytest.mark.parametrize(
    "work",
    [
        "bach/bwv66.6",  # 4/4 with an upbeat
        "bach/bwv26.6",  # 4/4
        "bach/bwv269",  # 3/4 with an upbeat
        "ryansMammoth/BelleOfTheKitchenJig",  # 6/8
        "ryansMammoth/BarneyBrallagansJig",  # 9/8
        "schoenberg/opus19/movement2",  # piano chords, keys struck while they sound
    ],
)
def test_real_music_comes_back_and_stands_on_its_beats(work):
    piece, levels = parse(work)
    tokens = encode(piece)
    assert decode(tokens) == canonical(piece)
    if not work.startswith("schoenberg"):  # nothing in it that tokens would have to change
        assert np.array_equal(decode(tokens).notes, piece.notes)

    rows = annotate(tokens) - np.array(DEFAULT.stream_offsets)
    is_note = np.isin(tokens, [*DEFAULT["pitch"]])
    got = rows[is_note, STREAMS.index("beat_strength")].tolist()
    assert got == [levels[onset] for onset in canonical(piece).notes["onset_steps"].tolist()]
