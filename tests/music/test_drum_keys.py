"""Keys of electronic drum kits, and the ones that any kit sounds."""

import numpy as np
import pytest

import lstm_music as lm
from lstm_music.evaluate.novelty import KnownMusic
from lstm_music.music.instruments.drum_keys import PAD_KEYS, has_pad_keys, in_general_midi
from lstm_music.music.instruments.general_midi import DRUM_NAMES
from lstm_music.music.piece import Piece, Track, make_notes

PATTERN = (36, 22, 38, 26, 36, 42, 40, 46, 22, 51)


def groove(keys, bars=4):
    hits = [(12 * i, 6, key, 80, 0) for i, key in enumerate(keys * bars)]
    return Piece(notes=make_notes(hits), tracks=(Track(is_drum=True),))


def keys_of(piece):
    return piece.notes["pitch_midi"].tolist()


def test_pads_go_to_keys_that_general_midi_has():
    assert not set(PAD_KEYS) & set(DRUM_NAMES)
    assert [DRUM_NAMES[key] for key in PAD_KEYS.values()] == ["Closed Hi-Hat", "Open Hi-Hat"]
    moved = in_general_midi(groove(PATTERN))
    assert keys_of(moved)[:10] == [36, 42, 38, 46, 36, 42, 40, 46, 42, 51]
    assert not has_pad_keys(moved)
    assert in_general_midi(moved) == moved


def test_the_low_notes_of_a_piano_stay():
    bass = groove(PATTERN).replace(tracks=(Track(program=0),))
    assert in_general_midi(bass) == bass
    assert not has_pad_keys(bass)


@pytest.mark.parametrize("name", ["default", "drums"])
def test_what_is_composed_sounds_on_any_kit(name):
    pieces = lm.load(name).generate_many(n=8, bars=8, style="drums", rng_seed=1)
    assert {key for piece in pieces for key in keys_of(piece)} <= set(DRUM_NAMES)
    assert any(42 in keys_of(piece) for piece in pieces)


def new_keys(seed, stream=False):
    drums = lm.load("drums")
    if stream:
        return [int(note["pitch_midi"]) for note in drums.stream(seed, bars=8, rng_seed=1)]
    return keys_of(drums.generate(seed, bars=8, rng_seed=1, include_seed=False))


def test_a_continuation_keeps_to_the_kit_of_its_seed():
    pads = new_keys(groove(PATTERN, bars=8))
    assert set(pads) & set(PAD_KEYS)
    general = groove((36, 42, 38, 42, 36, 36, 38, 46), bars=8)
    assert set(new_keys(general)) <= set(DRUM_NAMES)
    assert sorted(new_keys(general, stream=True)) == sorted(new_keys(general))


def test_a_copy_on_other_keys_is_a_copy():
    original = groove(PATTERN)
    known = KnownMusic([original])
    assert known.longest_run(in_general_midi(original)).n_notes == len(original.notes)
    assert np.any(original.notes != in_general_midi(original).notes)
