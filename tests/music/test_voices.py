"""Four parts in one track and apart again; all chorales are in benchmarks/voices.py."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import MIDI_DATA

from lstm_music.midi.read import read_midi
from lstm_music.music.listening.voices import MAX_VOICES, separate_voices, split_voices
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Track, make_notes

# Alto and tenor cross in the pickup chorale.
FLOORS = {
    "chorale": 0.98,
    "chorale_machine": 0.99,
    "chorale_pickup": 0.95,
    "chorale_triple": 0.99,
}


def merged(piece):
    notes = piece.notes.copy()
    notes["track"] = 0
    return piece.replace(notes=notes, tracks=piece.tracks[:1])


def line(piece, of):
    names = ("onset_steps", "duration_steps", "pitch_midi")
    chosen = piece.notes[of]
    return Counter(zip(*(chosen[name].tolist() for name in names), strict=True))


@pytest.mark.parametrize("name", FLOORS)
def test_a_chorale_comes_apart_into_its_parts(name):
    piece = read_midi(MIDI_DATA / f"{name}.mid")
    one = merged(piece)
    voices = separate_voices(one, 0)
    right = sum(
        (line(piece, piece.notes["track"] == part) & line(one, voices == part)).total()
        for part in range(4)
    )
    assert voices.max() == 3
    assert right >= FLOORS[name] * len(piece.notes)


def test_a_melody_is_one_voice():
    piece = read_midi(MIDI_DATA / "reel.mid")
    assert not separate_voices(piece, 0).any()
    assert split_voices(piece) == piece


def test_legato_is_still_one_voice():
    rows = [(24 * i, 26, 60 + i % 7, 80, 0) for i in range(20)]
    assert not separate_voices(Piece(notes=make_notes(rows), tracks=(Track(),)), 0).any()


def test_a_voice_that_rests_keeps_its_place():
    upper = [(24 * i, 24, 72 + i % 3, 80, 0) for i in range(16)]
    lower = [(24 * i, 24, 55 - i % 3, 80, 0) for i in range(16)]
    both = Piece(notes=make_notes(upper[:5] + upper[9:] + lower[:12]), tracks=(Track(),))
    voices = separate_voices(both, 0)
    assert np.array_equal(voices == 0, both.notes["pitch_midi"] >= 72)


def test_voices_that_cross_come_back_uncrossed():
    rising = [(24 * i, 24, 60 + i, 80, 0) for i in range(12)]
    falling = [(24 * i, 24, 71 - i, 80, 0) for i in range(12)]
    both = Piece(notes=make_notes(rising + falling), tracks=(Track(),))
    voices = separate_voices(both, 0)
    upper = both.notes["pitch_midi"][voices == 0]
    assert len(upper) == 12
    assert (upper > both.notes["pitch_midi"][voices == 1]).all()


def test_a_line_does_not_cross_one_that_sounds():
    three = [(24 * i, 24, pitch, 80, 0) for i in range(4) for pitch in (72, 60, 48)]
    near_the_top = [(96, 24, 62, 80, 0), (96, 96, 60, 80, 0), (96, 24, 45, 80, 0)]
    below_the_held = [(120, 24, 57, 80, 0)]  # 5 from the top voice, 12 from the bottom
    piece = Piece(notes=make_notes(three + near_the_top + below_the_held), tracks=(Track(),))
    assert separate_voices(piece, 0)[-1] == 2


def test_drums_and_empty_tracks_have_one_voice():
    piece = read_midi(MIDI_DATA / "drums.mid")
    assert not separate_voices(piece, 0).any()
    assert len(separate_voices(piece.replace(tracks=(*piece.tracks, Track())), 1)) == 0


def test_split_voices_gives_each_a_track():
    piece = merged(read_midi(MIDI_DATA / "chorale.mid"))
    pedal = np.array([(0, 0, True), (96, 0, False)], PEDAL_DTYPE)
    tracks = (Track(52, name="Choir"), Track(is_drum=True, name="Drums"))
    beat = make_notes([(0, 6, 36, 90, 1)])
    whole = piece.replace(tracks=tracks, notes=np.concatenate([piece.notes, beat]), pedal=pedal)
    parts = split_voices(whole)
    names = [track.name for track in parts.tracks]
    assert names == ["Choir 1", "Choir 2", "Choir 3", "Choir 4", "Drums"]
    assert [track.program for track in parts.tracks[:4]] == [52] * 4
    assert np.array_equal(np.unique(parts.pedal["track"]), np.arange(4))
    pitches = [parts.notes["pitch_midi"][parts.notes["track"] == i].mean() for i in range(4)]
    assert pitches == sorted(pitches, reverse=True)
    assert len(parts.notes) == len(whole.notes)


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.integers(1, 60), st.integers(40, 80)),
        min_size=1,
        max_size=60,
    )
)
def test_any_notes_get_a_voice_each(rows):
    piece = Piece(notes=make_notes([(*row, 80, 0) for row in rows]), tracks=(Track(),))
    voices = separate_voices(piece, 0)
    assert len(voices) == len(piece.notes)
    assert 0 <= voices.min() <= voices.max() < MAX_VOICES
    for onset in np.unique(piece.notes["onset_steps"]):
        chord = piece.notes["onset_steps"] == onset
        pitch = piece.notes["pitch_midi"][chord].astype(int)
        higher = pitch[:, None] > pitch
        assert not (higher & (voices[chord][:, None] > voices[chord])).any()
