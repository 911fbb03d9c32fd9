"""The user's file is sacred: every event of it stands in what continues it, byte for byte."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smf_events import seed_stands
from smf_strategies import files

import lstm_music as lm
from lstm_music.errors import MidiError
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.piece import PEDAL_DTYPE, Track, make_notes
from lstm_music.music.seam import next_bar_steps

EXAMPLES = int(os.environ.get("LSTM_MUSIC_FAULTS", "300"))
"""How many random files; LSTM_MUSIC_FAULTS=10000 is the slow job."""

_slow = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def model():
    return lm.load()


def with_more(piece, rng, new_track):
    """The piece with random notes and pedal behind it, some on a track of their own."""
    start = next_bar_steps(piece)
    tracks = piece.tracks
    if new_track:
        tracks = (*tracks, Track(int(rng.integers(128)), bool(rng.integers(2)), "new"))
    rows = [
        (start + int(rng.integers(96)), int(rng.integers(1, 48)), int(rng.integers(58, 64)), 80,
         int(rng.integers(len(tracks))))
        for _ in range(rng.integers(1, 8))
    ]  # fmt: skip
    pedal = np.array([(start, int(rng.integers(len(tracks))), False)], PEDAL_DTYPE)
    return piece.replace(
        notes=np.concatenate([piece.notes, make_notes(rows)]),
        pedal=np.concatenate([piece.pedal, pedal]),
        tracks=tracks,
    )


def keys_of(notes, tracks):
    """What sounds, whichever track of the list it is on."""
    return sorted(
        (int(n["onset_steps"]), int(n["pitch_midi"]), tracks[n["track"]].is_drum) for n in notes
    )


@_slow
@given(files(), st.integers(0, 2**32 - 1), st.booleans())
def test_every_event_of_a_random_file_stands(data, number, new_track):
    try:
        piece = lm.read(data)
    except MidiError:
        return  # all its notes may be of another port, or past a limit
    assert to_midi_bytes(piece) == data or piece.repairs
    longer = with_more(piece, np.random.default_rng(number), new_track)
    output = to_midi_bytes(longer, text="made by a test")
    assert seed_stands(data, output, format_0_may_become_1=True) == []


@settings(max_examples=max(EXAMPLES // 10, 30), deadline=None)
@given(files(), st.integers(0, 2**31 - 1))
def test_the_network_leaves_every_event_of_a_random_file_alone(model, data, rng_seed):
    try:
        piece = lm.read(data)
        longer = model.generate(piece, bars=1, rng_seed=rng_seed)
    except MidiError:
        return
    output = to_midi_bytes(longer)
    assert seed_stands(data, output, format_0_may_become_1=True) == []
