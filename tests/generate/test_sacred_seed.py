"""The user's file is sacred: every event of it stands in what continues it, byte for byte."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paths import MIDI_DATA, SHARED_DATA, needs_shared_data
from smf_events import list_events, seed_stands
from smf_strategies import files

import lstm_music as lm
from lstm_music.errors import MidiError
from lstm_music.midi.write import to_midi_bytes
from lstm_music.midi.writing.original_file import OriginalFile
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


def check_file(path, number=0):
    """Whether the file is accepted; if it is, its events stand in what is written with more notes.

    What the strict lister of these tests does not take is first written as our reader has it.
    """
    data = path.read_bytes()
    try:
        pieces = lm.read_pieces(path)
    except MidiError:
        return False
    for piece in pieces:
        seed, strict = piece.original.data, True
        try:
            list_events(seed)
        except ValueError:
            seed, strict = rewritten(piece), False
        options = {"format_0_may_become_1": True, "strict": strict}
        assert seed_stands(seed, rewritten(piece), **options) == []
        longer = with_more(piece, np.random.default_rng(number), new_track=number % 2 == 1)
        output = to_midi_bytes(longer, text="made by a test")
        assert seed_stands(seed, output, **options) == []
        assert len(read_again(output, piece).notes) == len(longer.notes) - n_met(longer, piece)
    assert data.endswith(pieces[0].original.data) or pieces[0].repairs
    return True


def n_met(longer, piece):
    """How many of the notes behind a piece strike a key that another strikes at once.

    A channel has each key once: of such notes one is written (`lstm_music.midi.writing.room`).
    """
    instruments = OriginalFile(piece.original).instruments_of(longer)
    strokes = [
        (instruments[track].port, instruments[track].channel, pitch, onset)
        for onset, _, pitch, _, track, _ in longer.notes.tolist()
        if onset >= next_bar_steps(piece)
    ]
    return len(strokes) - len(set(strokes))


def rewritten(piece):
    """The file of a piece with every chunk encoded anew."""
    file = OriginalFile(piece.original)
    return file.written({mtrk: file.encoded(mtrk) for mtrk in range(file.raw.n_mtrks)})


def read_again(output, piece):
    number = [p.original.mtrk for p in lm.read_pieces(output)].index(piece.original.mtrk)
    return lm.read_pieces(output)[number]


@pytest.mark.parametrize("path", sorted(MIDI_DATA.glob("*.mid")), ids=lambda path: path.stem)
def test_every_event_of_our_own_files_stands(path, model):
    assert check_file(path)
    for include in (True, False):
        made = model.generate(lm.read(path), bars=2, rng_seed=1, include_seed=include)
        output = to_midi_bytes(made)
        list_events(output)
        if include:
            assert seed_stands(path.read_bytes(), output) == []
            assert lm.read(output).notes["pitch_midi"].tolist() == made.notes["pitch_midi"].tolist()


@needs_shared_data
@pytest.mark.parametrize("folder", ["js_fakes", "groove", "midi_torture"])
def test_every_event_of_files_from_elsewhere_stands(folder):
    paths = [p for p in (SHARED_DATA / folder).rglob("*") if p.suffix.lower() in (".mid", ".midi")]
    accepted = [check_file(path, number) for number, path in enumerate(sorted(paths))]
    assert sum(accepted) > 0.75 * len(paths) > 100
