"""Reading a file of a corpus: keys filled in, repeats once, reasons for the rejected."""

import numpy as np

from lstm_music.corpus import load
from lstm_music.corpus.augment import transpose
from lstm_music.corpus.load import read_file, with_timing
from lstm_music.corpus.options import CorpusOptions
from lstm_music.corpus.sources import SourceFile
from lstm_music.errors import MidiError
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.key import Key
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track

ABC = "X:{n}\nM:2/4\nL:1/4\nK:none\n|:CE|GE:|\nFD|C2|\n\n"


def read(path, style=""):
    return list(read_file(SourceFile(path.name, str(path), style=style), CorpusOptions()))


def only(path):
    ((part, piece),) = read(path)
    assert part in ("", "#1")
    return piece


def test_a_tune_that_cannot_be_read_leaves_the_others(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1) + "X:2\nK:C\nz|\n" + ABC.format(n=3))
    found = dict(read(tmp_path / "a.abc"))
    assert list(found) == ["#1", "#2", "#3"]
    assert isinstance(found["#2"], MidiError)
    assert found["#1"].source == "a.abc#1"
    assert found["#3"] == found["#1"]


def test_whatever_a_reader_raises_is_a_reason(tmp_path, monkeypatch):
    def broken(path, **options):
        raise IndexError("list index out of range")

    monkeypatch.setattr(load.files, "read_pieces", broken)
    error = only(tmp_path / "a.mid")
    assert isinstance(error, MidiError)
    assert "unexpected IndexError" in str(error)


def test_repeats_are_taken_once(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1))
    piece = only(tmp_path / "a.abc")
    assert piece.notes["pitch_midi"].tolist() == [60, 64, 67, 64, 65, 62, 60]


def test_a_missing_key_is_estimated(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1))
    without = only(tmp_path / "a.abc").replace(key=None)
    (tmp_path / "b.mid").write_bytes(to_midi_bytes(transpose(without, 2)))
    assert only(tmp_path / "b.mid").key == Key.parse("D major")


def test_midi_and_abc_of_one_tune_agree(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1))
    from_abc = only(tmp_path / "a.abc")
    (tmp_path / "b.mid").write_bytes(to_midi_bytes(from_abc))
    from_midi = only(tmp_path / "b.mid")
    assert from_midi.notes.tolist() == from_abc.notes.tolist()
    assert from_midi.source == "b.mid"


def test_the_style_that_the_source_tells(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1))
    ((_, piece),) = read(tmp_path / "a.abc", style="folk")
    assert piece.style == "folk"


def test_played_timing_forgets_how_far_off_a_note_is():
    notes = np.zeros(2, NOTE_DTYPE)
    notes["onset_steps"], notes["duration_steps"] = [0, 24], 24
    exact = Piece(notes=notes, tracks=(Track(),))
    assert with_timing(exact, "played") is exact
    notes["timing_96ths"] = [1, -2]
    assert with_timing(exact.replace(notes=notes), "played") == exact
