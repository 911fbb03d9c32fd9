"""Scores of our writer in MuseScore 3: every note is there, and pages are engraved."""

from collections import Counter

import pytest
from music_programs import muse_score, needs
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.midi.export.voices import notes_of
from lstm_music.midi.read import read_midi

pytestmark = [pytest.mark.clients, needs("mscore3")]


def heard(piece):
    """Onset and pitch of each note, and whether it is a drum."""
    return Counter(
        (note.start, note.pitch_midi, track.is_drum)
        for i, track in enumerate(piece.tracks)
        for note in notes_of(piece, i)
    )


@pytest.fixture
def written(tmp_path):
    def write(name, suffix=".musicxml"):
        piece = lm.read(MIDI_DATA / f"{name}.mid")
        path = tmp_path / f"{name}{suffix}"
        piece.write(path)
        return piece, path

    return write


@pytest.mark.parametrize(
    "name",
    ["band", "jig", "nocturne", "triplets", "chorale_pickup", "meter_change", "drums_6_8", "waltz"],
)
def test_it_plays_every_note(name, written, tmp_path):
    piece, path = written(name)
    muse_score(path, tmp_path / "played.mid")
    assert heard(read_midi(tmp_path / "played.mid")) == heard(piece)


@pytest.mark.parametrize("suffix", [".musicxml", ".mxl"])
def test_it_engraves_pages(suffix, written, tmp_path):
    _, path = written("band", suffix)
    muse_score(path, tmp_path / "page.png")
    pages = list(tmp_path.glob("page*.png"))
    assert pages
    assert min(page.stat().st_size for page in pages) > 10_000
