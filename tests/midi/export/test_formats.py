"""A name's ending says what is written."""

import json

import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.errors import OutputError, OutputExistsError
from lstm_music.midi.export.formats import SUFFIXES, check_format, to_bytes
from lstm_music.midi.write import to_midi_bytes

JIG = MIDI_DATA / "jig.mid"


@pytest.mark.parametrize("suffix", ["", ".mid", ".MIDI", ".kar"])
def test_midi_is_as_it_was(suffix):
    piece = lm.read(JIG)
    check_format(suffix)
    assert to_bytes(piece, suffix, text="t") == to_midi_bytes(piece, text="t")


@pytest.mark.parametrize("suffix", [".abc", ".dat", ".2", ".krn"])
def test_another_ending_is_refused_with_those_there_are(suffix):
    for refuse in (lambda: check_format(suffix), lambda: to_bytes(lm.read(JIG), suffix)):
        with pytest.raises(OutputError, match="not written") as error:
            refuse()
        assert " ".join(SUFFIXES) in str(error.value)


def test_a_piece_writes_what_its_name_says(tmp_path):
    piece = lm.read(JIG)
    for name, start in (
        ("a.mid", b"MThd"),
        ("a.json", b"{"),
        ("a.xml", b"<?xml"),
        ("a.mxl", b"PK"),
    ):
        piece.write(tmp_path / name, text="t")
        assert (tmp_path / name).read_bytes().startswith(start)
        with pytest.raises(OutputExistsError):
            piece.write(tmp_path / name)
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["text"] == "t"
    with pytest.raises(OutputError, match="not written"):
        piece.write(tmp_path / "a.abc")
    assert not (tmp_path / "a.abc").exists()
