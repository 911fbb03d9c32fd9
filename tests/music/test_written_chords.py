"""The chord symbols of lead sheets."""

import pytest

from lstm_music.errors import ConfigError
from lstm_music.midi.scores.foreign import read_abc
from lstm_music.music.harmony.chord import QUALITY_TONES, Chord
from lstm_music.music.harmony.written import UNNAMED, chord_of, written_chords
from lstm_music.music.piece import Piece, Track, make_notes


@pytest.mark.parametrize(
    ("tones", "bass", "symbol"),
    [
        ({0, 4, 7}, 0, "C"),
        ({0, 4, 7}, 7, "C/G"),
        ({9, 0, 4, 7}, 9, "Am7"),
        ({9, 0, 4, 7}, 0, "C6"),
        ({9, 0, 4, 6}, 9, "Am6"),
        ({6, 9, 0, 4}, 6, "F#m7b5"),
        ({0, 4, 7, 10, 1}, 0, "C7b9"),
        ({0, 4, 7, 2}, 0, "Cadd9"),
        ({5, 9, 0, 7}, 7, "Fadd9/G"),
        ({2, 6, 9, 0, 7}, 7, "D7/G"),
        ({0, 1, 2}, 0, "C(other)"),
    ],
)
def test_chords_of_pitch_classes(tones, bass, symbol):
    chord = chord_of(frozenset(tones), bass)
    assert (chord.symbol, chord.bass, chord.pitch_classes) == (symbol, bass, frozenset(tones))
    assert (chord.quality == UNNAMED) == (symbol == "C(other)")


@pytest.mark.parametrize("quality", QUALITY_TONES)
def test_every_quality_in_root_position_is_told_by_its_tones(quality):
    for root in range(12):
        chord = Chord.named(root, quality)
        assert chord_of(chord.pitch_classes, root) == chord


def test_a_bass_that_does_not_sound_is_refused():
    with pytest.raises(ConfigError, match="bass must be in the chord"):
        chord_of(frozenset({0, 1, 2}), 5)


def test_symbols_of_an_abc_tune():
    piece = read_abc('X:1\nM:4/4\nL:1/4\nK:C\n"Dm7"DEFG|"G7"GFED|"C"C2"Am/C"E2|"F#m7b5"A4|]')
    track = written_chords(piece)
    assert track.onset_steps == (0, 96, 192, 240, 288)
    assert str(track) == "Dm7 G7 C Am/C F#m7b5"
    assert track.end_steps == 384


def test_a_gap_between_blocks_has_no_chord():
    rows = [(0, 48, p, 80, 1) for p in (48, 52, 55)] + [(96, 48, p, 80, 1) for p in (53, 57, 60)]
    piece = Piece(notes=make_notes(rows), tracks=(Track(), Track(name="Chords")))
    track = written_chords(piece)
    assert (track.onset_steps, str(track), track.end_steps) == ((0, 48, 96), "C N.C. F", 144)


def test_a_piece_without_symbols_has_none():
    notes = make_notes([(0, 24, 60, 80, 0)])
    assert written_chords(Piece(notes=notes, tracks=(Track(name="Melody"),))) is None
    assert written_chords(Piece(notes=notes, tracks=(Track(), Track(name="Chords")))) is None
