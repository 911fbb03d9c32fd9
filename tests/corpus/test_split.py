"""The split: copies and settings of one melody on one side, in fixed proportions."""

import numpy as np

from lstm_music.corpus.batching.augment import transpose
from lstm_music.corpus.split import SPLITS, fingerprint, split, split_of, tune
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


def sides_of(prints, held_out=None, groups=None, tunes=None):
    n = len(prints)
    held_out = np.zeros(n, np.uint8) if held_out is None else np.array(held_out, np.uint8)
    groups = np.arange(n) if groups is None else np.array(groups)
    tunes = np.zeros(n, np.uint64) if tunes is None else np.array(tunes, np.uint64)
    return [SPLITS[side] for side in split(prints, held_out, groups, tunes)]


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


def setting(beats, passing, pickup_steps=0):
    """A tune in quarters, with a passing note after each beat that ``passing`` names."""
    notes = np.zeros(len(beats) + len(passing), NOTE_DTYPE)
    notes["onset_steps"] = [*(np.arange(len(beats)) * 24), *(24 * np.array(passing, int) + 12)]
    notes["duration_steps"] = 12
    notes["pitch_midi"] = [*beats, *(beats[i] + 1 for i in passing)]
    return Piece(notes=np.sort(notes, order="onset_steps"), tracks=PIANO, pickup_steps=pickup_steps)


def test_settings_of_one_tune():
    beats = [60, 62, 64, 65, 67, 67, 65, 64, 62, 60]
    plain = setting(beats, [])
    ornate = setting(beats, [0, 3, 4, 8], pickup_steps=24)
    assert fingerprint(plain) != fingerprint(ornate)
    assert tune(plain) == tune(ornate) == tune(transpose(plain, 3)) == tune(setting(beats[:9], []))
    assert tune(setting([*beats[:8], 64, 60], [])) != tune(plain)
    for silent in (setting(beats[:8], []), setting([60] * 20, []), melody([36] * 9, KIT), Piece()):
        assert int(tune(silent), 16) == 0
    off_the_beat = setting(beats, [])
    off_the_beat.notes["onset_steps"] += 12
    assert int(tune(off_the_beat), 16) == 0


def test_all_settings_of_a_tune_are_held_out_if_one_is():
    prints = numbers([melody(RNG.integers(50, 70, 30)) for _ in range(300)])
    alone = sides_of(prints)
    tunes = np.zeros(300, np.uint64)
    tunes[100:] = 1 + np.arange(200) // 2
    sides = sides_of(prints, tunes=tunes)
    assert sides[:100] == alone[:100]
    rank = ["train", "valid", "test"]
    for i in range(100, 300, 2):
        assert sides[i] == sides[i + 1] == max(alone[i], alone[i + 1], key=rank.index)
    assert {(alone[i], alone[i + 1]) for i in range(100, 300, 2)} >= {
        ("train", "test"), ("test", "train"), ("train", "valid"), ("valid", "train")
    }  # fmt: skip


def test_a_held_out_tune_takes_copies_of_its_settings_along():
    prints = numbers([melody(RNG.integers(50, 70, 30)) for _ in range(3)])
    held_out = [SPLITS.index("test"), 0, 0]
    sides = sides_of(prints, held_out, groups=[0, 1, 1], tunes=[7, 7, 0])
    assert sides == ["test"] * 3


def test_same_sides_every_time():
    # Guards the corpus of published models: a change here moves pieces between the sides.
    scale = melody([60, 62, 64, 65, 67, 69, 71, 72])
    assert fingerprint(scale)[:16] == "09d8cbdf40721e13"
    assert split_of(np.array([0x09D8CBDF40721E13, 1 << 60], np.uint64)).tolist() == [1, 2]
