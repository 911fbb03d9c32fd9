"""Who plays the melody, the bass and the chords; the large corpora are in benchmarks/roles.py."""

from dataclasses import replace

import pytest
from paths import MIDI_DATA

from lstm_music.midi.read import read_midi
from lstm_music.music.listening.roles import ROLES, track_roles
from lstm_music.music.piece import Piece, Track, make_notes

KNOWN = {
    "band": ("melody", "chords", "bass", "drums"),
    "blues": ("melody", "chords", "bass", "drums"),
    "five_four": ("melody", "chords", "bass", "drums"),
    "chorale": ("melody", "other", "other", "bass"),
    "chorale_machine": ("melody", "other", "other", "bass"),
    "chorale_pickup": ("melody", "other", "other", "bass"),
    "chorale_triple": ("melody", "other", "other", "bass"),
    "lead_sheet": ("melody", "chords"),
    "lead_sheet_waltz": ("melody", "chords"),
    "waltz": ("melody", "chords"),
    "triplets": ("melody", "chords"),
    "drums": ("drums",),
    "reel": ("melody",),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_roles_of_our_pieces(name):
    assert track_roles(read_midi(MIDI_DATA / f"{name}.mid")) == KNOWN[name]


@pytest.mark.parametrize("name", ["band", "blues", "five_four", "chorale", "lead_sheet", "waltz"])
def test_without_names_too(name):
    piece = read_midi(MIDI_DATA / f"{name}.mid")
    nameless = piece.replace(tracks=tuple(replace(t, name="") for t in piece.tracks))
    assert track_roles(nameless) == KNOWN[name]


def test_the_order_of_tracks_does_not_matter():
    piece = read_midi(MIDI_DATA / "band.mid")
    notes = piece.notes.copy()
    notes["track"] = len(piece.tracks) - 1 - notes["track"]
    turned = piece.replace(notes=notes, tracks=piece.tracks[::-1])
    assert track_roles(turned) == KNOWN["band"][::-1]


def test_a_track_without_notes_is_other():
    notes = make_notes([(24 * i, 24, 70, 80, 1) for i in range(8)])
    piece = Piece(notes=notes, tracks=(Track(), Track(), Track(is_drum=True)))
    assert track_roles(piece) == ("other", "melody", "drums")
    assert track_roles(Piece()) == ()
    assert track_roles(Piece(tracks=(Track(),))) == ("other",)


def test_a_name_decides_between_equals():
    rows = [(24 * i, 24, 67 + (i + 2 * t) % 5, 80, t) for i in range(32) for t in (0, 1)]
    piece = Piece(notes=make_notes(rows), tracks=(Track(name="Oboe"), Track(name="MELODY")))
    assert track_roles(piece)[1] == "melody"


def test_a_bassoon_is_no_bass_by_name():
    rows = [(24 * i, 24, 60 + i % 5, 80, 0) for i in range(32)]
    piece = Piece(notes=make_notes(rows), tracks=(Track(70, name="Bassoon"),))
    assert track_roles(piece) == ("melody",)


def test_every_role_has_its_name():
    roles = {role for name in KNOWN for role in track_roles(read_midi(MIDI_DATA / f"{name}.mid"))}
    assert roles <= set(ROLES)


def test_a_very_long_note_costs_nothing():
    notes = make_notes([(0, 2**30, 60, 80, 0), (2**30, 24, 72, 80, 1)])
    assert track_roles(Piece(notes=notes, tracks=(Track(), Track())))[0] == "melody"
