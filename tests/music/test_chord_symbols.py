"""Chord symbols: hand-computed tones, and music21's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_music.errors import ConfigError
from lstm_music.music.harmony.chord import QUALITY_TONES, Chord, written_quality

OF_C = {
    "0 4 7": "C Cmaj CM",
    "0 3 7": "Cm C- Cmin Cmi",
    "0 3 6": "Cdim Co C°",
    "0 4 8": "Caug C+ C(#5)",
    "0 7": "C5",
    "0 2 7": "Csus2",
    "0 5 7": "Csus Csus4",
    "0 4 7 9": "C6 Cmaj6",
    "0 3 7 9": "Cm6 C-6 Cmin6",
    "0 2 4 7 9": "C6/9 C69 C6add9",
    "0 4 7 10": "C7 Cdom7",
    "0 4 7 11": "Cmaj7 CM7 CΔ CΔ7 C^7 CMA7 Cma7 Cj7 Cmajor7",
    "0 3 7 10": "Cm7 C-7 Cmin7 Cmi7",
    "0 3 7 11": "CmMaj7 CmM7 Cm(maj7) Cminmaj7 C-Δ C-Δ7",
    "0 3 6 10": "Cm7b5 Cø Cø7 C-7b5 C-7(b5) Cm7-5 Cm7♭5",
    "0 3 6 9": "Cdim7 Co7 C°7",
    "0 4 8 10": "C+7 C7+ C7#5 C7+5 Caug7 C7♯5",
    "0 4 8 11": "C+M7 Cmaj7#5 Caugmaj7",
    "0 4 6 10": "C7b5 C7-5",
    "0 2 4 7 10": "C9",
    "0 2 4 7 11": "Cmaj9 CM9 CΔ9",
    "0 2 3 7 10": "Cm9 C-9",
    "0 2 3 6 10": "Cø9 Cm9b5",
    "0 2 4 5 7 10": "C11",
    "0 2 3 5 7 10": "Cm11",
    "0 2 4 7 9 10": "C13",
    "0 1 4 7 9 10": "C13b9",
    "0 1 4 7 10": "C7b9 C7(b9) C7-9",
    "0 3 4 7 10": "C7#9 C7+9 C7(#9)",
    "0 1 4 6 7 10": "C7b9#11 C7(b9,#11)",
    "0 1 4 7 8 10": "C7b9b13",
    "0 4 6 7 10": "C7#11",
    "0 4 6 7 11": "Cmaj7#11 CΔ#11",
    "0 5 7 10": "C7sus4 C7sus",
    "0 2 5 7 10": "C9sus4 C11sus4 C9sus",
    "0 1 5 7 10": "C7b9sus4 C7sus4b9",
    "0 2 4 7": "Cadd9 C(add9) Cadd2 C2",
    "0 2 3 7": "Cmadd9 Cm(add9)",
    "0 1 3 4 6 8 10": "C7alt Calt",
    "0 1 4 7": "C(b9)",
    "0 7 10": "C7no3 C7(omit3)",
}


@pytest.mark.parametrize("tones", OF_C)
def test_symbols_on_c(tones):
    for symbol in OF_C[tones].split():
        chord = Chord.parse(symbol)
        assert sorted(chord.pitch_classes) == [int(t) for t in tones.split()], symbol
        assert (chord.root, chord.bass, chord.symbol) == (0, 0, symbol)


@pytest.mark.parametrize(
    ("symbol", "root", "tones", "bass", "quality"),
    [
        ("F#m7b5", 6, {6, 9, 0, 4}, 6, "m7b5"),
        ("Bb7", 10, {10, 2, 5, 8}, 10, "7"),
        ("B♭7", 10, {10, 2, 5, 8}, 10, "7"),
        ("C/E", 0, {0, 4, 7}, 4, "maj"),
        ("Dm7/G", 2, {2, 5, 9, 0, 7}, 7, "m7"),
        ("C6/9", 0, {0, 4, 7, 9, 2}, 0, "69"),
        ("C6/9/E", 0, {0, 4, 7, 9, 2}, 4, "69"),
        ("Cb", 11, {11, 3, 6}, 11, "maj"),
        ("Abo7", 8, {8, 11, 2, 5}, 8, "dim7"),
        ("G7(b9)/F", 7, {7, 11, 2, 5, 8}, 5, "7b9"),
        ("Eb-Δ7/Bb", 3, {3, 6, 10, 2}, 10, "mmaj7"),
        ("Cadd9", 0, {0, 2, 4, 7}, 0, "majadd9"),
    ],
)
def test_roots_basses_and_qualities(symbol, root, tones, bass, quality):
    chord = Chord.parse(symbol)
    found = (chord.root, chord.pitch_classes, chord.bass, chord.quality)
    assert found == (root, tones, bass, quality)


# Symbols that both understand alike, in music21's spelling where that differs.
ALIKE = (
    "C Cm Cmin Cdim Co Caug C+ C5 Csus Csus2 Csus4 C6 Cm6 C7 Cmaj7 CM7 Cm7 Cmin7 CmM7 Cminmaj7 "
    "Cm7b5 Cø7 Cdim7 Co7 C+7 C7+ C7#5 C7b5 C+M7 C9 CM9 Cm9 CmM9 C11 CM11 Cm11 Cm13 C7b9 C7#9 "
    "C7#11 Cmaj7#11 C7sus4 C7sus Cadd9 Cmadd9 C/E F#m7 C6add9 C9#11 C7b9b13 C+9 Co9 Cpower Cadd2"
)


def test_symbols_equal_music21():
    from music21 import harmony

    for symbol in ALIKE.split():
        theirs = harmony.ChordSymbol(symbol)
        ours = Chord.parse(symbol)
        assert ours.pitch_classes == {p.pitchClass for p in theirs.pitches}, symbol
        assert (ours.root, ours.bass) == (theirs.root().pitchClass, theirs.bass().pitchClass)


def test_where_it_differs_from_music21():
    """A dash is a minor chord, not a flat; a major thirteenth chord leaves out the eleventh."""
    from music21 import harmony

    assert {p.pitchClass for p in harmony.ChordSymbol("C-").pitches} == {11, 3, 6}
    assert Chord.parse("C-").pitch_classes == {0, 3, 7}
    for theirs, ours in (("C13", "C13"), ("CM13", "Cmaj13")):
        full = {p.pitchClass for p in harmony.ChordSymbol(theirs).pitches}
        assert full - Chord.parse(ours).pitch_classes == {5}


@pytest.mark.parametrize("quality", QUALITY_TONES)
@given(root=st.integers(0, 11), bass=st.integers(0, 11))
def test_named_chords_are_read_back(quality, root, bass):
    chord = Chord.named(root, quality, bass)
    assert Chord.parse(chord.symbol) == chord
    assert chord.pitch_classes - {bass} <= {(root + tone) % 12 for tone in QUALITY_TONES[quality]}


def test_no_two_qualities_are_written_alike():
    assert len({written_quality(quality) for quality in QUALITY_TONES}) == len(QUALITY_TONES)


@pytest.mark.parametrize(
    ("symbol", "told"),
    [
        ("", "must begin with its root"),
        ("H7", "must begin with its root"),
        ("c", "must begin with its root"),
        ("Cfoo", "'foo' is no quality"),
        ("C7x", "'7x' is no quality"),
        ("C/H", "no quality"),
        ("Cmm", "no quality"),
        ("C7b9b", "behind them b5, #5"),
        ("N.C.", "must begin with its root"),
    ],
)
def test_what_is_no_chord_is_refused(symbol, told):
    with pytest.raises(ConfigError, match=told):
        Chord.parse(symbol)


@given(st.text(max_size=8))
def test_any_text_is_a_chord_or_refused(text):
    try:
        chord = Chord.parse("C" + text)
    except ConfigError:
        return
    assert chord.bass in chord.pitch_classes


def test_a_chord_of_an_unknown_quality_or_pitch_class_is_refused():
    with pytest.raises(ConfigError, match="there is maj, min"):
        Chord.named(0, "major")
    with pytest.raises(ConfigError, match=r"0\.\.11"):
        Chord.named(12, "maj")
    with pytest.raises(ConfigError, match="bass must be in the chord"):
        Chord(0, frozenset({0, 4, 7}), 5, "C", "maj")
