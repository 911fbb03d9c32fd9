"""Key finding: our numpy profile match against music21's."""

import numpy as np
import pytest

from lstm_music.midi.scores.foreign import chorale_files, read_abc, read_score, tune_texts
from lstm_music.music.key import Key
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track
from lstm_music.music.theory import (
    estimate_key,
    estimate_key_music21,
    key_correlations,
    likely_key,
    pitch_class_durations,
)


def piece_of(pitches, durations=24, is_drum=False):
    notes = np.zeros(len(pitches), NOTE_DTYPE)
    notes["onset_steps"] = np.arange(len(pitches)) * 24
    notes["duration_steps"] = durations
    notes["pitch_midi"] = pitches
    notes["velocity"] = 80
    return Piece(notes=notes, tracks=(Track(is_drum=is_drum),))


def real_pieces():
    files = chorale_files()
    yield from (read_score(path, source=name) for name, path in (files[0], files[150], files[340]))
    tunes = tune_texts()
    yield from (read_abc(tunes[i][1], source=tunes[i][0]) for i in (10, 2500, 4000))


def test_equals_music21_on_real_pieces():
    for piece in real_pieces():
        tonic, mode, correlation = estimate_key_music21(piece)
        key = estimate_key(piece)
        assert (key.tonic_pitch_class, key.mode) == (tonic, mode), piece.source
        assert key_correlations(piece).max() == pytest.approx(correlation, abs=1e-12)


def test_every_key_is_found_in_its_own_scale():
    major, minor = np.array([0, 2, 4, 5, 7, 9, 11, 12, 7, 0]), np.array([0, 2, 3, 5, 7, 8, 7, 0])
    for tonic in range(48, 60):
        found = estimate_key(piece_of(major + tonic))
        assert (found.tonic_pitch_class, found.mode) == (tonic % 12, "major")
        found = estimate_key(piece_of(minor + tonic))
        assert (found.tonic_pitch_class, found.mode) == (tonic % 12, "minor")


def test_moves_with_the_music():
    piece = piece_of([60, 62, 64, 65, 67, 67, 60])
    higher = piece_of([65, 67, 69, 70, 72, 72, 65])
    assert estimate_key(higher) == estimate_key(piece).transposed(5) == Key(-1, "major")


def test_duration_weighs():
    assert pitch_class_durations(piece_of([60, 61], [5, 7])).tolist() == [5, 7] + [0] * 10


def test_nothing_pitched_has_no_key():
    assert estimate_key(Piece()) is None
    drums = piece_of([36, 38, 42], is_drum=True)
    assert estimate_key(drums) is None
    assert estimate_key_music21(drums) is None
    assert not key_correlations(drums).any()


def test_c_major_by_default_gives_way_to_the_music():
    far = piece_of(np.array([0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0]) + 66)
    assert likely_key(far.replace(key=Key(0))) == estimate_key(far)
    assert likely_key(far.replace(key=Key(1))) == Key(1)  # somebody chose it
    assert likely_key(far) == estimate_key(far)
    for near in (piece_of([60, 62, 64, 65, 67, 60]), piece_of([69, 71, 72, 74, 76, 69])):
        assert likely_key(near.replace(key=Key(0))) == Key(0)
    assert likely_key(Piece()) is None


def test_drums_have_no_key_whatever_their_file_states():
    drums = piece_of([36, 38, 42], is_drum=True)
    assert likely_key(drums.replace(key=Key(0))) is None
    assert likely_key(drums.replace(key=Key(3))) is None
