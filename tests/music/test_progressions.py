"""Chords bar by bar, and the track over the bars of a piece."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_music.errors import ConfigError
from lstm_music.music.harmony.chord import Chord
from lstm_music.music.harmony.progression import parse_chords
from lstm_music.music.harmony.track import ChordTrack
from lstm_music.music.meter import BarLines, Meter


@pytest.mark.parametrize(
    ("text", "steps", "chords", "end"),
    [
        ("Dm7 | G7 | Cmaj7 | %", (0, 96, 192), "Dm7 G7 Cmaj7", 384),
        ("| C | F |\n| G | C ||", (0, 96, 192, 288), "C F G C", 384),
        ("C F", (0, 48), "C F", 96),
        ("C F G", (0, 32, 64), "C F G", 96),
        ("C . . F", (0, 72), "C F", 96),
        ("C / F / | / G", (0, 48, 144), "C F G", 192),
        ("C F | % | G", (0, 48, 96, 144, 192), "C F C F G", 288),
        ("C | | G", (0, 192), "C G", 288),
        ("C | N.C. | nc F", (0, 96, 240), "C N.C. F", 288),
        ("|: C F :| G", (0, 48, 96, 144, 192), "C F C F G", 288),
        ("C :| F", (0, 192), "C F", 288),
        ("|: C :|: F | G :|", (0, 192, 288, 384, 480), "C F G F G", 576),
        ("C :| F | G :|", (0, 192, 288, 384, 480), "C F G F G", 576),
        ("C/E | F6/9 |]", (0, 96), "C/E F6/9", 192),
    ],
)
def test_bars_of_four_four(text, steps, chords, end):
    track = parse_chords(text)
    assert (track.onset_steps, str(track), track.end_steps) == (steps, chords, end)


def test_bars_of_a_piece_with_a_pickup_and_a_change_of_meter():
    # A pickup of a quarter, a bar of 3/4 (24..96), then 6/8.
    lines = BarLines((Meter(0, 3, 4), Meter(96, 6, 8)), 24)
    track = parse_chords("C | F G", lines, end_steps=312)
    assert track.onset_steps == (24, 96, 132, 168, 240, 276)
    assert str(track) == "C F G C F G"
    assert track.chord_at(0) is None
    assert track.chord_at(311).symbol == "G"
    assert track.chord_at(312) is None


def test_a_bar_that_a_meter_cuts_off_is_shared_too():
    lines = BarLines((Meter(0, 4, 4), Meter(48, 3, 4)))
    assert parse_chords("C F | G", lines).onset_steps == (0, 24, 48)


def test_a_stretch_begins_on_its_bar_and_ends_within_one():
    track = parse_chords("C | F", start_steps=100, end_steps=300)
    assert (track.onset_steps, track.end_steps) == ((192, 288), 300)
    assert parse_chords("C | F", start_steps=96).onset_steps == (96, 192)


@given(st.integers(1, 6), st.integers(1, 20))
def test_chords_begin_again_when_they_are_too_short(written, bars):
    names = list("CDEFGA")[:written]
    track = parse_chords(" | ".join(names), end_steps=96 * bars)
    for bar in range(bars):
        assert track.chord_at(96 * bar + 95).symbol == names[bar % written]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must look like"),
        ("||", "must look like"),
        ("% | C", "first bar cannot repeat"),
        (". C", "no chord stands before"),
        ("|: C", "no ':|' behind it"),
        ("|: C |: F :|", "a repeat begins within"),
        (":| C", "no bars before it"),
        ("C | X7", "must begin with its root"),
        ("C\n" * 4097, "at most 4096 bars"),
    ],
)
def test_what_is_no_progression_is_refused(text, told):
    with pytest.raises(ConfigError) as caught:
        parse_chords(text)
    assert told in str(caught.value)


def test_no_room_is_refused():
    with pytest.raises(ConfigError, match="no room"):
        parse_chords("C", start_steps=96, end_steps=96)


def test_pitch_classes_at_many_steps():
    track = parse_chords("C | N.C. | Am/G")
    held = track.pitch_classes_at(np.array([287, 0, 95, 96, -1, 288]))
    rows = [np.flatnonzero(row).tolist() for row in held]
    assert rows == [[0, 4, 7, 9], [0, 4, 7], [0, 4, 7], [], [], []]
    assert track.pitch_classes_at([]).shape == (0, 12)


def test_a_track_must_rise():
    chord = Chord.parse("C")
    with pytest.raises(ConfigError, match="must rise"):
        ChordTrack((0, 0), (chord, None), 96)
    with pytest.raises(ConfigError, match="must rise"):
        ChordTrack((0,), (chord,), 0)
    with pytest.raises(ConfigError, match="needs its onset"):
        ChordTrack((0,), (chord, None), 96)
