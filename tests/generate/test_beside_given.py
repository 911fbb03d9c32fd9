"""What is given in a track counts when a rule limits what sounds there together."""

import numpy as np
import pytest
from small_composers import PLAIN, random_composer

import lstm_music as lm
from lstm_music.music.instruments.playable import hand_span_ok, limbs_ok
from lstm_music.music.piece import Piece, Track, make_notes

BEAT, BARS = 24, 4
KEYS = {"piano": range(30, 90), "drums": (36, 46, 49, 51, 53)}


@pytest.fixture(scope="module")
def composer():
    return random_composer(3, met=PLAIN, scale=1.0)


def busy_piece(kind, rng):
    """One track: up to three notes on each eighth, which ring for up to a bar."""
    rows, free = [], dict.fromkeys(KEYS[kind], 0)
    for onset in range(0, BARS * 4 * BEAT, BEAT // 2):
        keys = rng.choice(KEYS[kind], size=rng.integers(0, 4), replace=False)
        for key in sorted(key for key in keys.tolist() if free[key] <= onset):
            length = min(int(rng.integers(1, 9)) * BEAT // 2, BARS * 4 * BEAT - onset)
            rows.append((onset, length, key, 80, 0))
            free[key] = onset + length
    track = Track(program=0, is_drum=kind == "drums")
    return Piece(make_notes(rows), (track,), length_steps=BARS * 4 * BEAT)


def sounding(notes, step):
    held = (notes["onset_steps"] <= step) & (step < notes["onset_steps"] + notes["duration_steps"])
    return notes["pitch_midi"][held].tolist()


def takes(composer, kind, keep="outline", **asked):
    """Results of random pieces, each with the notes that were given and with all."""
    rng = np.random.default_rng(1)
    found = []
    for i in range(40):
        piece = busy_piece(kind, rng)
        request = lm.Request("vary", piece, keep=keep, rng_seed=i, **asked)
        (take,) = composer.complete(request)
        new = set(take.new.tolist())
        is_new = np.array([note in new for note in take.piece.notes.tolist()], bool)
        found.append((take.piece.notes[~is_new], take.piece.notes))
    assert sum(len(every) - len(given) for given, every in found) > 50
    return found


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("most", [1, 3])
def test_given_notes_count_as_voices(composer, kind, most):
    for given, every in takes(composer, kind, max_polyphony=most):
        for step in np.unique(every["onset_steps"]).tolist():
            alone = len(sounding(given, step))
            assert len(sounding(every, step)) <= max(most, alone), step


def test_hands_reach_new_keys_beside_given_ones(composer):
    for given, every in takes(composer, "piano", playable=True):
        for step in np.unique(every["onset_steps"]).tolist():
            if hand_span_ok(sounding(given, step)):
                assert hand_span_ok(sounding(every, step)), step


def test_a_drummer_has_two_hands_for_new_and_given(composer):
    asked = {"keep": "rhythm", "amount": 0.4, "playable": True}
    for given, every in takes(composer, "drums", **asked):
        for step in np.unique(every["onset_steps"]).tolist():
            old, both = (
                notes["pitch_midi"][notes["onset_steps"] == step].tolist()
                for notes in (given, every)
            )
            # One below those given: where no hand is left, a foot can always strike it.
            if len(both) == len(old) + 1 and both[0] not in old and limbs_ok(old):
                assert limbs_ok(both), step
