"""Augmentation: exact, in range, drums untouched, rhythm never changed."""

import numpy as np
import pytest
from corpus_data import random_piece

from lstm_music.corpus.batching.augment import (
    straighten,
    token_transpositions,
    transpose,
    transpose_tokens,
    transpositions,
    vary,
)
from lstm_music.errors import ConfigError
from lstm_music.music.instruments.general_midi import SOUNDING_RANGES
from lstm_music.music.key import Key
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track, make_notes
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode


def piece_of(pitches, drums=(), key=None):
    rows = [(24 * i, 24, p, 80, 0) for i, p in enumerate(pitches)]
    rows += [(24 * i, 6, p, 90, 1) for i, p in enumerate(drums)]
    return Piece(notes=make_notes(rows), tracks=(Track(), Track(is_drum=True)), key=key)


def test_pitches_and_key_move_drums_do_not():
    piece = piece_of([60, 64, 67], [36, 38], Key.parse("C major"))
    higher = transpose(piece, 3)
    assert higher == piece_of([63, 67, 70], [36, 38], Key.parse("Eb major"))
    assert transpose(higher, -3) == piece
    assert transpose(piece, 0) is piece


def test_a_piece_without_key_stays_so():
    assert transpose(piece_of([60]), 2).key is None


VIOLIN, CONTRABASS, FLUTE = (Track(program) for program in (40, 43, 73))


def test_range_is_bounded_by_the_instruments():
    def room(pitches, *tracks, **limits):
        piece = piece_of(pitches).replace(tracks=tracks or (Track(),))
        return transpositions(piece, **limits)

    assert room([60, 72]) == range(-5, 7)
    assert room([23, 60]) == range(-2, 7)
    assert room([60, 105]) == range(-5, 4)
    assert room([20, 110]) == range(1)  # out already: not moved further
    assert room([60, 72], lowest=-12, highest=0) == range(-12, 1)
    assert room([57, 72], VIOLIN) == range(-2, 7)
    assert room([60, 72], FLUTE) == range(7)
    assert room([57, 72], FLUTE) == range(7)  # too low for it: not lower still
    assert room([30, 52], CONTRABASS) == range(-2, 4)


def test_every_track_has_its_say():
    violin, bass = (piece_of([pitch]).notes for pitch in (57, 53))
    bass["track"] = 1
    both = Piece(notes=np.concatenate([violin, bass]), tracks=(VIOLIN, CONTRABASS))
    assert transpositions(both) == range(-2, 3)
    assert token_transpositions(encode(both)) == range(-2, 3)


def test_other_instruments_can_play_the_notes():
    rng = np.random.default_rng(3)
    low, high = piece_of([33, 45]).notes, piece_of([76, 90]).notes
    high["track"] = 1
    both = Piece(notes=np.concatenate([low, high]), tracks=(CONTRABASS, FLUTE))
    chosen = [vary(both, rng) for _ in range(400)]
    changed = [piece for piece in chosen if piece.tracks != both.tracks]
    assert len({piece.tracks for piece in changed}) > 30
    for piece in changed:
        for number, track in enumerate(piece.tracks):
            lowest, highest = SOUNDING_RANGES[track.program]
            pitches = piece.notes["pitch_midi"][piece.notes["track"] == number]
            assert lowest <= pitches.min() <= pitches.max() <= highest


def test_ranges_are_of_every_program():
    assert len(SOUNDING_RANGES) == 128
    assert all(0 <= lowest < highest <= 127 for lowest, highest in SOUNDING_RANGES)
    assert SOUNDING_RANGES[40][0] == 55  # the violin's open G string


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
    pieces.append(canonical(piece_of([60, 64, 50], [36, 38], Key(0, "minor"))))
    for piece in pieces:
        tokens = encode(piece)
        assert token_transpositions(tokens) == transpositions(piece)
        for semitones in transpositions(piece):
            expected = encode(transpose(piece, semitones))
            assert transpose_tokens(tokens, semitones).tolist() == expected.tolist()


def test_vary_never_touches_pitched_rhythm_or_drum_keys():
    rng = np.random.default_rng(8)
    band = piece_of([60, 64, 50], [36, 38], Key(0, "minor")).replace(style="lead")
    for piece in [*(random_piece(rng) for _ in range(20)), band]:
        varied = vary(piece, rng)
        for field in ("onset_steps", "duration_steps", "track"):
            if piece.style == "drums" and field == "onset_steps":
                continue  # may be straightened
            assert varied.notes[field].tolist() == piece.notes[field].tolist()
        drums = np.array([t.is_drum for t in piece.tracks])[piece.notes["track"]]
        assert (varied.notes["pitch_midi"] == piece.notes["pitch_midi"])[drums].all()
        assert [t.is_drum for t in varied.tracks] == [t.is_drum for t in piece.tracks]
        assert varied.meters == piece.meters


def test_vary_shows_every_key_and_hides_now_and_then():
    rng = np.random.default_rng(9)
    piece = piece_of([60, 64, 67], [36], Key.parse("C major")).replace(style="lead")
    varied = [vary(piece, rng) for _ in range(600)]
    for other in varied:
        shift = int(other.notes["pitch_midi"][0]) - 60
        assert other.key in {None, piece.key.transposed(shift)}
    assert {int(p.notes["pitch_midi"][0]) for p in varied} == set(range(55, 67))

    def share(test):
        return float(np.mean([test(other) for other in varied]))

    assert abs(share(lambda p: p.style == "") - 0.1) < 0.05
    assert abs(share(lambda p: p.key is None) - 0.1) < 0.05
    assert abs(share(lambda p: p.tempos != piece.tempos) - 0.47) < 0.08
    assert abs(share(lambda p: p.tracks != piece.tracks) - 0.3) < 0.07
    loudness = share(lambda p: p.notes["velocity"].tolist() != piece.notes["velocity"].tolist())
    assert abs(loudness - 0.3) < 0.07


def drums_at(onsets):
    notes = np.zeros(len(onsets), NOTE_DTYPE)
    notes["onset_steps"], notes["duration_steps"], notes["pitch_midi"] = onsets, 3, 38
    return Piece(notes=notes, tracks=(Track(is_drum=True),))


def onsets(piece):
    return piece.notes["onset_steps"].tolist()


def test_straighten_takes_the_grid_that_fits():
    assert onsets(straighten(drums_at([1, 7, 11, 17, 25]))) == [0, 6, 12, 18, 24]
    assert onsets(straighten(drums_at([1, 9, 15, 24, 31]))) == [0, 8, 16, 24, 32]
    for exact in ([0, 6, 12, 24], [0, 8, 16, 24], [0, 24, 48]):
        assert onsets(straighten(drums_at(exact))) == exact


def test_half_of_the_drums_are_straightened_and_nothing_else():
    rng = np.random.default_rng(10)
    loose = drums_at([1, 7, 11, 17, 25])
    varied = [onsets(vary(loose, rng)) for _ in range(300)]
    assert set(map(tuple, varied)) == {(1, 7, 11, 17, 25), (0, 6, 12, 18, 24)}
    assert abs(varied.count([0, 6, 12, 18, 24]) / 300 - 0.5) < 0.1
    for share, expected in ((0.0, onsets(loose)), (1.0, [0, 6, 12, 18, 24])):
        assert all(onsets(vary(loose, rng, straight_drums=share)) == expected for _ in range(50))
    piano = loose.replace(tracks=(Track(),))
    assert all(onsets(vary(piano, rng)) == onsets(loose) for _ in range(50))


def test_vary_depends_on_the_generator_alone():
    piece = piece_of([60, 64, 67])
    assert vary(piece, np.random.default_rng(1)) == vary(piece, np.random.default_rng(1))
