"""The split: copies and settings of one melody on one side, in fixed proportions."""

import numpy as np

from lstm_music.corpus.augment import transpose
from lstm_music.corpus.split import SPLITS, fingerprint, split, split_of
from lstm_music.music.piece import NOTE_DTYPE, Piece, Tempo, Track

RNG = np.random.default_rng(11)


PIANO, KIT = (Track(),), (Track(is_drum=True),)


def melody(pitches, tracks=PIANO, **fields):
    notes = np.zeros(len(pitches), NOTE_DTYPE)
    notes["onset_steps"] = np.arange(len(pitches)) * 12
    notes["duration_steps"] = 12
    notes["pitch_midi"] = pitches
    return Piece(notes=notes, tracks=tracks, **fields)


def numbers(pieces):
    return np.array([int(fingerprint(piece)[:16], 16) for piece in pieces], np.uint64)


def sides_of(prints, held_out=None, groups=None):
    n = len(prints)
    held_out = np.zeros(n, np.uint8) if held_out is None else np.array(held_out, np.uint8)
    groups = np.arange(n) if groups is None else np.array(groups)
    return [SPLITS[side] for side in split(prints, held_out, groups)]


def test_transposed_and_slower_copies_have_the_same_fingerprint():
    piece = melody(RNG.integers(50, 70, 30))
    for copy in (
        transpose(piece, 5),
        piece.replace(tempos=(Tempo(0, 900_000),), source="elsewhere"),
        melody([*piece.notes["pitch_midi"][:20], 60, 61]),
    ):
        assert fingerprint(copy) == fingerprint(piece)


def test_a_lower_voice_changes_nothing():
    piece = melody(RNG.integers(60, 70, 30))
    bass = piece.notes.copy()
    bass["pitch_midi"] = RNG.integers(30, 50, 30)
    both = Piece(notes=np.concatenate([bass, piece.notes]), tracks=(Track(),))
    assert fingerprint(both) == fingerprint(piece)


def test_other_music_has_other_fingerprints():
    pieces = [melody(RNG.integers(50, 70, 30)) for _ in range(50)]
    assert len({fingerprint(piece) for piece in pieces}) == 50


def test_drums_are_told_apart_by_all_they_play():
    one, same, other = (melody(p, KIT) for p in ([36, 38, 42], [36, 38, 42], [36, 38, 46]))
    assert fingerprint(one) == fingerprint(same) != fingerprint(other)
    assert fingerprint(one) != fingerprint(melody([36, 38, 42]))


def test_shares():
    sides = sides_of(numbers([melody(RNG.integers(40, 80, 20)) for _ in range(2000)]))
    share = {side: sides.count(side) / 2000 for side in SPLITS}
    assert 0.88 < share["train"] < 0.92
    assert 0.035 < share["valid"] < 0.065
    assert 0.035 < share["test"] < 0.065


def test_no_fingerprint_is_on_two_sides_and_official_sides_win():
    pieces = [melody(RNG.integers(50, 70, 30)) for _ in range(40)]
    free = sides_of(numbers(pieces))
    i = free.index("train")
    pieces.append(transpose(pieces[i], -3))
    held_out = [0] * len(pieces)
    held_out[i] = SPLITS.index("valid")
    sides = sides_of(numbers(pieces), held_out)
    assert sides[i] == sides[-1] == "valid"
    assert [s for j, s in enumerate(sides[:-1]) if j != i] == [
        s for j, s in enumerate(free) if j != i
    ]


def test_near_duplicates_go_together_wherever_they_stand():
    prints = numbers([melody(RNG.integers(50, 70, 30)) for _ in range(300)])
    groups = np.arange(300)
    groups[200:] = np.arange(100)  # the last hundred are copies of the first
    sides = sides_of(prints, groups=groups)
    assert sides[:100] == sides[200:]
    assert set(sides[:100]) == set(SPLITS)
    shuffled = RNG.permutation(300)
    place = np.empty(300, np.int64)
    place[shuffled] = np.arange(300)
    assert sides_of(prints[shuffled], groups=place[groups[shuffled]]) == [
        sides[i] for i in shuffled
    ]


def test_same_sides_every_time():
    # Guards the corpus of published models: a change here moves pieces between the sides.
    scale = melody([60, 62, 64, 65, 67, 69, 71, 72])
    assert fingerprint(scale)[:16] == "09d8cbdf40721e13"
    assert split_of(np.array([0x09D8CBDF40721E13, 1 << 60], np.uint64)).tolist() == [1, 2]
