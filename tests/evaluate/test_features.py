"""Features of pieces: the same names for all, known values, and what they must not see."""

import math
from collections import Counter

import numpy as np
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.corpus.batching.augment import transpose
from lstm_music.evaluate.features.numbers import commonest, entropy, next_entropy
from lstm_music.evaluate.features.table import feature_table, piece_features
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Tempo, Track, make_notes

FILES = ("chorale.mid", "jig.mid", "drums.mid", "nocturne.mid")
REGISTER = {"pitch, mean", "pitch of the highest part", "pitch of the lowest part"}


@pytest.fixture(scope="module")
def pieces():
    return {name: lm.read(MIDI_DATA / name) for name in FILES}


def melody(*pitches, lengths=None, **fields):
    onset, rows = 0, []
    for pitch, length in zip(pitches, lengths or [24] * len(pitches), strict=True):
        rows.append((onset, length, pitch, 80, 0))
        onset += length
    return Piece(notes=make_notes(rows), tracks=(Track(),), **fields)


def test_all_pieces_have_the_same_features_and_no_other_numbers(pieces):
    names, table = feature_table([*pieces.values(), melody(60), Piece()])
    assert table.shape == (6, len(names))
    assert 90 <= len(set(names)) == len(names) <= 130
    assert not np.isinf(table).any()
    for row in map(piece_features, pieces.values()):
        assert list(row) == names
        assert not any(value is not None and math.isnan(value) for value in row.values())


def test_fewer_features_are_the_same_as_among_all(pieces):
    names, table = feature_table(list(pieces.values()))
    some = [names[-1], names[3], names[40]]
    found, values = feature_table(list(pieces.values()), some)
    assert found == some
    np.testing.assert_array_equal(values, table[:, [names.index(name) for name in some]])


def test_some_features_are_of_pitches_and_some_of_drums(pieces):
    tune, drums = piece_features(pieces["jig.mid"]), piece_features(pieces["drums.mid"])
    for name in ("whole tones", "pitch, mean", "lengths, entropy", "chords a bar"):
        assert tune[name] is not None and drums[name] is None
    for name in ("drums, distinct", "bars with the snare on 2 and 4"):
        assert tune[name] is None and drums[name] is not None


def test_a_key_is_seen_in_the_register_alone(pieces):
    piece = pieces["chorale.mid"]
    before, after = piece_features(piece), piece_features(transpose(piece, 3))
    moved = {name for name in before if after[name] != pytest.approx(before[name])}
    assert moved == REGISTER
    assert after["pitch, mean"] == pytest.approx(before["pitch, mean"] + 3)


def test_tempo_key_and_program_are_not_seen(pieces):
    piece = pieces["chorale.mid"]
    other = piece.replace(
        tempos=(Tempo.from_bpm(200),),
        key=Key(5),
        tracks=tuple(Track(40 + i) for i in range(len(piece.tracks))),
    )
    assert piece_features(other) == pytest.approx(piece_features(piece), nan_ok=True)


def test_places_and_lengths():
    found = piece_features(melody(60, 62, 64, 65, 67, lengths=[24, 12, 12, 36, 12]))
    assert found["onsets on bar lines"] == 1 / 5
    assert found["onsets on other beats"] == 2 / 5  # at 24 and 48
    assert found["onsets on 8ths between beats"] == 2 / 5  # at 36 and 84
    assert found["8th notes"] == 3 / 5
    assert found["lengths, distinct"] == 3
    assert found["notes longer than a quarter"] == 1 / 5
    assert found["notes held over the next beat"] == 0
    assert found["notes that last until the next"] == 1
    assert found["notes a bar"] == 5


def test_syncopation():
    found = piece_features(melody(60, 62, 64, lengths=[12, 24, 12]))
    assert found["notes held over the next beat"] == pytest.approx(1 / 3)


def test_rhythms_of_bars_are_those_of_16ths():
    rows = [(0, 6, 36), (48, 6, 36), (97, 6, 38), (143, 6, 38), (192, 6, 36), (264, 6, 36)]
    notes = make_notes([(*row, 80, 0) for row in rows])
    found = piece_features(Piece(notes=notes, tracks=(Track(is_drum=True),)))
    assert found["rhythm of the bar 1 before"] == 0.5
    assert found["rhythm of the bar 2 before"] == 0
    assert found["distinct rhythms of bars"] == pytest.approx(2 / 3)


def test_long_notes_of_phrases():
    name = "longest notes of four bars in the fourth"
    last, first = [24] * 12 + [96], [96] + [24] * 12
    even = [96] * 4
    assert piece_features(melody(*[60] * 13, lengths=last))[name] == 1
    assert piece_features(melody(*[60] * 26, lengths=last + first))[name] == 0.5
    assert piece_features(melody(*[60] * 4, lengths=even))[name] == 0.25
    assert piece_features(melody(*[60] * 3, lengths=even[:3]))[name] is None


def test_intervals():
    found = piece_features(melody(60, 60, 61, 63, 70, 69, 81, 75))
    expected = {
        "repeated pitches": 1,
        "semitones": 2,
        "whole tones": 1,
        "fourths and fifths": 1,
        "octaves": 1,
        "tritones": 1,
        "thirds": 0,
    }
    assert {name: found[name] * 7 for name in expected} == pytest.approx(expected)
    assert found["intervals upward"] == 4 / 6
    # Up 1, 2, 7, down 1, up 12, down 6: it turns in 3 of 5 places, after both leaps before the end.
    assert found["turns of the line"] == 3 / 5
    assert found["leaps after which the line turns"] == 1


def test_register_and_its_rise():
    found = piece_features(melody(*[60] * 4, *[67] * 4))
    assert (found["pitch, mean"], found["rise from first to second half"]) == (63.5, 7)
    assert found["pitches, distinct"] == 2


def test_chords():
    rows = [
        (96 * bar, 96, pitch, 80, 0)
        for bar, chord in enumerate([(60, 64, 67), (53, 60, 69), (55, 59, 62), (48, 55, 64)])
        for pitch in chord
    ]
    found = piece_features(Piece(notes=make_notes(rows), tracks=(Track(),)))
    assert found["chords a bar"] == found["chords that begin on a bar line"] == 1
    assert found["roots that fall a fifth"] == pytest.approx(2 / 3)  # C F, G C
    assert found["roots that move by step"] == pytest.approx(1 / 3)  # F G
    assert found["minor chords"] == 0
    assert found["triads among three notes or more"] == 1
    assert found["over the bass: fifths"] == 4 / 8
    assert found["over the bass: dissonances"] == 0


def test_polyphony():
    notes = make_notes([(0, 48, 60, 80, 0), (24, 24, 64, 80, 0), (72, 24, 67, 80, 1)])
    found = piece_features(Piece(notes=notes, tracks=(Track(), Track())))
    assert found["notes that sound together"] == pytest.approx((24 + 24 * 2 + 24) / 72)
    assert found["time in silence"] == 0.25
    assert found["tracks that play in a bar"] == 2


def test_drums():
    bar = [(0, 36), (24, 38), (48, 36), (72, 40), (0, 42)]
    rows = [(96 * i + onset, 6, key, 80, 0) for i in (0, 1) for onset, key in bar]
    rows[5] = (96, 6, 45, 80, 0)  # a tom in place of the second bar's first stroke
    found = piece_features(Piece(notes=make_notes(rows), tracks=(Track(is_drum=True),)))
    assert found["bars with the snare on 2 and 4"] == 1
    assert found["bars with toms"] == found["bars with the bass drum on 1"] == 0.5
    assert found["strokes on the snare"] == 0.4


def test_a_shape_returns_in_another_key():
    found = piece_features(melody(60, 62, 64, 60, 67, 69, 71, 67))
    assert found["shape of the bar 1 before, in any key"] == 1
    assert found["bars equal to the one 1 before"] == 0


def test_accents():
    notes = make_notes([(12 * i, 12, 60, 100 if i % 2 == 0 else 60, 0) for i in range(8)])
    found = piece_features(Piece(notes=notes, tracks=(Track(),), meters=(Meter(0, 2, 4),)))
    assert found["accent on quarters"] == found["velocity, change from note to note"] == 40


def test_entropies():
    assert entropy(Counter([1, 1, 2, 2])) == 1
    assert entropy(Counter()) is next_entropy([1]) is commonest(Counter()) is None
    assert commonest(Counter([1, 1, 2, 3])) == 0.5
    assert next_entropy([0, 1] * 20) == pytest.approx(0, abs=1e-9)
    coin = np.random.default_rng(0).integers(0, 2, 4000).tolist()
    assert next_entropy(coin) == pytest.approx(1, abs=0.01)
