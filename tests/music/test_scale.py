"""Scales in words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_music.errors import ConfigError
from lstm_music.music.harmony.names import PITCH_CLASS_NAMES, pitch_class
from lstm_music.music.harmony.scale import PITCH_SET, SCALE_NAMES, Scale
from lstm_music.music.key import Key


@pytest.mark.parametrize(
    ("text", "tonic", "name", "tones"),
    [
        ("D dorian", 2, "dorian", "D E F G A B C"),
        ("C minor pentatonic", 0, "minor pentatonic", "C Eb F G Bb"),
        ("Bb blues", 10, "blues", "Bb Db Eb E F Ab"),
        ("F# harmonic minor", 6, "harmonic minor", "F# G# A B C# D E#"),
        ("whole tone on C", 0, "whole tone", "C D E F# G# A#"),
        ("E phrygian dominant", 4, "phrygian dominant", "E F G# A B C D"),
        ("D hijaz", 2, "phrygian dominant", "D Eb F# G A Bb C"),
        ("A-flat Lydian", 8, "lydian", "Ab Bb C D Eb F G"),
        ("b♭ minor", 10, "minor", "Bb C Db Eb F Gb Ab"),
        ("G melodic-minor scale", 7, "melodic minor", "G A Bb C D E F#"),
        ("octatonic from D", 2, "half-whole octatonic", "D Eb F F# G# A B C"),
        ("C diminished", 0, "whole-half octatonic", "C D Eb F Gb Ab A B"),
        ("B locrian", 11, "locrian", "B C D E F G A"),
        ("G pentatonic", 7, "major pentatonic", "G A B D E"),
        ("D in", 2, "in", "D Eb G A Bb"),
        ("F", 5, "major", "F G A Bb C D E"),
        ("c#m", 1, "minor", "C# D# E F# G# A B"),
        ("chromatic", 0, "chromatic", "C C# D D# E F F# G G# A A# B"),
        ("C E G B", 0, PITCH_SET, "C E G B"),
        ("g, bb, d", 7, PITCH_SET, "G Bb D"),
        ("{0,4,7}", 0, PITCH_SET, "C E G"),
        ("{9 0 4}", 9, PITCH_SET, "A C E"),
    ],
)
def test_scales_in_words(text, tonic, name, tones):
    scale = Scale.parse(text)
    assert (scale.tonic_pitch_class, scale.name) == (tonic, name)
    assert scale.pitch_classes == {pitch_class(tone) for tone in tones.split()}


@given(st.sampled_from(SCALE_NAMES), st.integers(0, 11))
def test_every_scale_is_read_back_and_begins_on_its_tonic(name, tonic):
    scale = Scale.named(tonic, name)
    assert Scale.parse(str(scale)) == scale
    assert Scale.parse(f"{name.upper()} on {PITCH_CLASS_NAMES[tonic]}") == scale
    assert Scale.named(0, name).transposed(tonic) == scale
    assert tonic in scale.pitch_classes
    assert np.flatnonzero(scale.mask()).tolist() == sorted(scale.pitch_classes)


@given(st.lists(st.integers(0, 11), min_size=1))
def test_a_pitch_set_is_read_back(classes):
    scale = Scale.of_pitch_classes(classes)
    assert Scale.parse(str(scale)) == scale


def test_no_two_scales_have_the_same_notes():
    of = {name: Scale.named(0, name).pitch_classes for name in SCALE_NAMES}
    assert len(set(of.values())) == len(of)


def test_church_modes_are_the_white_keys():
    modes = ("major", "dorian", "phrygian", "lydian", "mixolydian", "minor", "locrian")
    for tonic, mode in zip("CDEFGAB", modes, strict=True):
        assert Scale.parse(f"{tonic} {mode}").pitch_classes == {0, 2, 4, 5, 7, 9, 11}


@pytest.mark.parametrize("name", ["dorian", "octatonic", "harmonic minor", "chromatic"])
def test_scales_equal_music21(name):
    from music21 import scale

    theirs = {
        "dorian": scale.DorianScale("D4").pitches,
        "octatonic": scale.OctatonicScale("D4", "m2").pitches,
        "harmonic minor": scale.HarmonicMinorScale("D4").pitches,
        "chromatic": scale.ChromaticScale("D4").pitches,
    }
    ours = Scale.parse(f"D {name}").pitch_classes
    assert ours == {tone.pitchClass for tone in theirs[name]}


def test_a_key_has_the_notes_that_music_in_it_uses():
    assert Scale.of_key(Key.parse("Bb")).pitch_classes == {10, 0, 2, 3, 5, 7, 9}
    assert Scale.of_key(Key.parse("D minor")).pitch_classes == {2, 4, 5, 7, 9, 10, 0, 1}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("D dorain", "did you mean dorian"),
        ("dorian", "a scale needs its tonic"),
        ("", "no scale is called"),
        ("H major", "no scale is called 'H major'"),
        ("C xyzzy", "there is major, dorian"),
        ("{}", "pitch classes must look like"),
        ("{0,12}", "must be 0..11"),
        ("{0,-1}", "pitch classes must look like"),
    ],
)
def test_what_is_no_scale_is_refused_with_what_there_is(text, told):
    with pytest.raises(ConfigError, match=told):
        Scale.parse(text)


@pytest.mark.parametrize("name", ["", "H", "C#b", "Cbbb", "C4", "c sharp major"])
def test_what_is_no_note_is_refused(name):
    with pytest.raises(ConfigError, match="letter A to G"):
        pitch_class(name)
