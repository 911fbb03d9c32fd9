"""Drum parts that only their name or their keys tell."""

import pytest
from paths import MIDI_DATA

from lstm_music.midi.read import read_midi
from lstm_music.music.listening.drum_parts import with_drum_parts
from lstm_music.music.piece import Piece, Track, make_notes

PIANO = Track()


def piece(keys, track=PIANO):
    """Keys struck at once, an eighth apart."""
    rows = [(12 * i, 6, key, 80, 0) for i, struck in enumerate(keys) for key in struck]
    return Piece(notes=make_notes(rows), tracks=(track,))


def is_drum(keys, track=PIANO):
    return with_drum_parts(piece(keys, track)).tracks[0].is_drum


ROCK = [(36, 42), (42,), (38, 42), (42,)] * 4


@pytest.mark.parametrize(
    ("what", "keys"),
    [
        ("rock", ROCK),
        ("one at a time", [(36,), (38,), (42,)] * 3),
        ("open hi-hat", [(36, 46), (42,), (40, 42), (42, 36)] * 4),
        ("eight notes", [(36, 42), (42,), (38, 42), (42,), (36, 42)]),
        ("pads", [(36, 42, 87), (42,), (38, 42), (42, 22)] * 4),
        ("a ride bell", [(35, 53), (53,), (38, 53), (53,)] * 4),
        (
            "long rolls",
            [(kick, 42) if i == 0 else (42,) for kick in (36, 35) for i in range(5)]
            + [(38, 42), (42,), (38, 42), (42,), (42,)],
        ),
        ("a cymbal in forty notes", [*ROCK, *ROCK, (100,)]),
    ],
)
def test_drums_are_known_by_their_keys(what, keys):
    found = with_drum_parts(piece(keys))
    assert found.tracks[0].is_drum, what
    assert found.repairs == ("track 1 was taken for a drum part by its keys",)


@pytest.mark.parametrize(
    ("what", "keys"),
    [
        ("a bass line in B", [(35,), (42,), (40,), (42,)] * 4),
        ("a bass line in C", [(36,), (43,), (41,), (38,)] * 4),
        ("a triad", [(35, 38, 42)] * 12),
        ("a chromatic scale", [(k,) for k in range(35, 60)] * 2),
        ("a whole-tone scale", [(k,) for k in range(36, 60, 2)] * 2),
        ("too few notes", [(36, 42), (42,), (38, 42), (36, 42)]),
        ("no snare", [(36, 42), (42,)] * 8),
        ("no kick", [(38, 44), (42,)] * 8),
        ("few cymbals", [(36, 38), (36, 37), (36, 37, 42)] * 4),
        ("half of it toms", [(36, 42), (42, 47), (38, 41), (45, 47)] * 4),
        ("notes off the keys", [*ROCK, (100,)]),
        ("high", [(key + 24 for key in struck) for struck in ROCK]),
    ],
)
def test_pitched_parts_stay(what, keys):
    assert not is_drum(keys), what


@pytest.mark.parametrize("program", [33, 40, 118])
def test_a_pitched_program_says_that_it_is_none(program):
    assert not is_drum(ROCK, Track(program))


BEAT = [(36,), (39,), (49,), (56,)] * 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Drums", True),
        ("drum_kit", True),
        ("Batería", True),
        ("Schlagzeug", True),
        ("ドラム", True),
        ("Perc.", True),
        ("Steel Drums", False),
        ("Drum & Bass", False),
        ("Kitty", False),
        ("Piano", False),
    ],
)
def test_a_name_needs_less_of_the_keys(name, expected):
    assert is_drum(BEAT, Track(name=name)) == expected
    assert not is_drum([(60,), (64,), (67,)] * 4, Track(name=name))


def test_a_drum_track_is_left_alone():
    known = piece(ROCK, Track(is_drum=True))
    assert with_drum_parts(known) is known


def test_no_pitched_track_of_ours_is_taken_for_drums():
    """Not even where its program and name are forgotten."""
    for path in MIDI_DATA.glob("*.mid"):
        read = read_midi(path)
        bare = tuple(Track(is_drum=track.is_drum) for track in read.tracks)
        assert with_drum_parts(read.replace(tracks=bare)).tracks == bare, path.name


@pytest.mark.parametrize(("program", "expected"), [(0, True), (8, True), (48, True), (9, False)])
def test_a_named_part_may_have_the_program_of_a_kit(program, expected):
    assert is_drum(BEAT, Track(program, name="Drums")) == expected


def test_a_named_part_off_the_keys_is_none():
    assert is_drum([*ROCK, *ROCK, (100,)], Track(name="Drums"))
    assert not is_drum([*ROCK, (100,)], Track(name="Drums"))


def test_each_track_is_heard_for_itself():
    melody = [(12 * i, 12, 72 + i % 5, 80, 1) for i in range(16)]
    rows = [(12 * i, 6, key, 80, 0) for i, struck in enumerate(ROCK) for key in struck]
    rows += [(12 * i, 6, struck[0], 80, 2) for i, struck in enumerate(BEAT)]
    tracks = (PIANO, PIANO, Track(name="Drums"))
    found = with_drum_parts(Piece(notes=make_notes(rows + melody), tracks=tracks))
    assert [track.is_drum for track in found.tracks] == [True, False, True]
    assert found.repairs == (
        "track 1 was taken for a drum part by its keys",
        "track 3 was taken for a drum part by its name",
    )
