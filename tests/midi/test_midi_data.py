"""midi_data: every file is what SOURCES.toml says, and can be made again."""

import hashlib
import tomllib

import numpy as np
import pytest
from paths import MIDI_DATA, SHARED_DATA

from lstm_music.midi.read import read_midi, read_midi_bytes

SOURCES = tomllib.loads((MIDI_DATA / "SOURCES.toml").read_text("utf-8"))["file"]
LICENCES = {"public domain", "CC0-1.0", "CC-BY-4.0"}

each_file = pytest.mark.parametrize("entry", SOURCES, ids=[entry["name"] for entry in SOURCES])


def is_drums_alone(piece):
    return all(track.is_drum for track in piece.tracks)


def starts_and_lengths(piece):
    """Where onsets lie within a beat, and the durations."""
    onsets = piece.notes["onset_steps"] - piece.pickup_steps
    return set((onsets % 24).tolist()), set(piece.notes["duration_steps"].tolist())


def meters(piece):
    return [str(meter) for meter in piece.meters]


HOLDS = {
    "four parts": lambda p: len(p.tracks) == 4 and not any(t.is_drum for t in p.tracks),
    "four tracks": lambda p: len(p.tracks) == 4,
    "two hands": lambda p: [t.program for t in p.tracks] == [0, 0],
    "melody with chords": lambda p: [t.name for t in p.tracks] == ["Melody", "Chords"],
    "one note": lambda p: len(p.notes) == 1,
    "pickup": lambda p: p.pickup_steps > 0 and p.notes["onset_steps"].min() == 0,
    "no pickup": lambda p: p.pickup_steps == 0,
    "minor key": lambda p: p.key is not None and p.key.mode == "minor",
    "no key": lambda p: p.key is None,
    "drums": lambda p: sum(t.is_drum for t in p.tracks) == 1 and not is_drums_alone(p),
    "drums alone": is_drums_alone,
    "pedal": lambda p: len(p.pedal) > 16 and {True, False} == set(p.pedal["down"].tolist()),
    "triplets": lambda p: 8 in starts_and_lengths(p)[0] & starts_and_lengths(p)[1],
    "sextuplets": lambda p: 4 in starts_and_lengths(p)[0] & starts_and_lengths(p)[1],
    "tempo changes": lambda p: len(p.tempos) == 10,
    "ritardando": lambda p: list(p.tempos) == sorted(p.tempos, key=lambda t: -t.tempo_bpm),
    "meter changes": lambda p: meters(p) == ["4/4", "3/4", "6/8", "2/4", "4/4"],
    "played by a human: off the grid": lambda p: p.max_timing_error_steps > 0.1,
    "title beyond Latin-1": lambda p: not p.title.isascii() and max(p.title) > "ÿ",
}
HOLDS |= {
    meter: lambda p, meter=meter: meters(p) == [meter]
    for meter in ("2/2", "3/4", "5/4", "6/8", "7/8", "9/8", "12/8")
}


def test_the_folder_and_its_list_agree():
    assert sorted(entry["name"] for entry in SOURCES) == sorted(
        path.name for path in MIDI_DATA.glob("*.mid")
    )
    assert 15 <= len(SOURCES) <= 30


def test_what_is_exercised_is_checked():
    assert {label for entry in SOURCES for label in entry["exercises"]} == set(HOLDS)


@each_file
def test_checksum_licence_and_origin(entry):
    data = (MIDI_DATA / entry["name"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    assert entry["licence"] in LICENCES
    assert entry["origin"]
    assert len(data) < 10_000


@each_file
def test_it_reads_clean_and_is_what_it_says(entry):
    piece = read_midi(MIDI_DATA / entry["name"])
    for label in entry["exercises"]:
        assert HOLDS[label](piece), label
    assert piece.repairs == ()
    assert all(track.name for track in piece.tracks)
    if "copy" not in entry["recipe"]:
        assert piece.title == entry["title"]
        assert piece.max_timing_error_steps == 0


@each_file
def test_it_is_a_whole_piece_of_music(entry):
    piece = read_midi(MIDI_DATA / entry["name"])
    if "one note" in entry["exercises"]:
        return
    last_bar = piece.bar_lines.bar_at(piece.end_steps - 1)
    assert last_bar - (1 if piece.pickup_steps else 0) + 1 >= 8
    assert np.unique(piece.notes["pitch_midi"]).size >= 8
    assert np.unique(piece.notes["duration_steps"]).size >= 2
    gaps = np.diff(np.unique(piece.notes["onset_steps"]))
    assert gaps.max() <= 2 * piece.meters[0].bar_steps


@each_file
def test_the_script_makes_it_again(entry, monkeypatch):
    """Compared as music: another version of the writing library may order bytes otherwise."""
    monkeypatch.syspath_prepend(MIDI_DATA)
    import make

    data = make.content(entry, SHARED_DATA)
    if data is None:
        pytest.skip("made from a data set that is not part of the repository")
    assert read_midi_bytes(data) == read_midi(MIDI_DATA / entry["name"])
