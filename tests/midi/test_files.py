"""One entrance for every format: content first, then the ending."""

from pathlib import Path

import pytest

from lstm_music.errors import ConfigError, MidiError
from lstm_music.midi.files import read, read_pieces
from lstm_music.midi.foreign import read_abc
from lstm_music.midi.write import to_midi_bytes

ABC = "X:1\nM:2/4\nL:1/4\nK:C\nCE|GE|FD|C2|\n"


def test_midi_by_content_and_by_name(tmp_path):
    data = to_midi_bytes(read_abc(ABC))
    for name in ("tune.mid", "tune.MIDI", "tune.bin", "tune.xml"):
        (tmp_path / name).write_bytes(data)
        assert read(tmp_path / name).notes["pitch_midi"].tolist() == [60, 64, 67, 64, 65, 62, 60]


def test_a_score_by_its_ending(tmp_path):
    (tmp_path / "tune.abc").write_text(ABC)
    assert len(read(str(tmp_path / "tune.abc")).notes) == 7


@pytest.mark.parametrize("name", ["photo.mid", "photo.jpeg", "none.mid", "none.xml", "empty.mid"])
def test_errors_are_ours(tmp_path, name):
    if name.startswith("photo"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")
    elif name.startswith("empty"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(MidiError) as caught:
        read(tmp_path / name)
    assert name in str(caught.value)


def test_all_pieces_of_a_file(tmp_path):
    book = tmp_path / "book.abc"
    bad = "X:2\nT:silence\nM:2/4\nL:1/4\nK:C\nz2|\n"
    book.write_text(ABC + "\n" + bad + "\n" + ABC.replace("X:1", "X:3"))
    pieces = read_pieces(book)
    assert [piece.source for piece in pieces] == [str(book), f"{book}#3"]
    assert "piece 2 left out" in pieces[0].repairs[-1]
    with pytest.raises(MidiError, match="no notes"):
        read_pieces(book, strict=True)
    (tmp_path / "tune.mid").write_bytes(to_midi_bytes(read_abc(ABC)))
    assert len(read_pieces(tmp_path / "tune.mid")) == 1


def test_the_pieces_of_a_kern_file_of_several(tmp_path):
    kern = "!!!!SEGMENT: {0}.krn\n!!!OTL: {0}\n**kern\n*M4/4\n=1\n4{0}\n4{0}\n=2\n*-\n"
    path = tmp_path / "two.krn"
    path.write_text(kern.format("c") + kern.format("d"))
    pieces = read_pieces(path)
    assert [piece.notes["pitch_midi"].tolist() for piece in pieces] == [[60, 60], [62, 62]]
    assert [piece.source for piece in pieces] == [str(path), f"{path}#2"]
    assert read(path).notes["pitch_midi"].tolist() == [60, 60]


def test_what_a_score_does_not_state(tmp_path):
    def unstated(text):
        (tmp_path / "tune.abc").write_text(text)
        return read(tmp_path / "tune.abc").unstated

    assert unstated(ABC) == {"tempo"}
    assert unstated(ABC.replace("K:C", "Q:1/4=90\nK:C")) == set()
    assert unstated(ABC.replace("M:2/4", "M:none")) == {"meter", "tempo"}


def test_a_reader_that_is_none(tmp_path):
    with pytest.raises(ConfigError, match="'pretty_midi'"):
        read(tmp_path / "tune.mid", reader="pretty_midi")


def test_strict_refuses_a_file_that_must_be_mended(tmp_path):
    (tmp_path / "tune.mid").write_bytes(to_midi_bytes(read_abc(ABC))[:-10])
    assert read(tmp_path / "tune.mid").repairs
    with pytest.raises(MidiError):
        read(tmp_path / "tune.mid", strict=True)


# Files of every format that come with music21: number of notes, and the first pitches.
REAL = {
    "corpus/bach/bwv66.6.mxl": (163, [73, 64, 57, 57]),
    "corpus/corelli/opus3no1/1grave.xml": (238, [84, 81, 53, 84]),
    "corpus/schubert/Lindenbaum.xml": (1640, [56, 40, 47, 64]),
    "corpus/palestrina/Agnus.krn": (470, [55, 62, 59, 60]),
    "corpus/monteverdi/madrigal.3.1.rntxt": (740, [74, 77, 81, 72]),
    "noteworthy/verySimple.nwctxt": (1, [52]),
    "noteworthy/cuthbert_test1.nwc": (20, [67, 67, 62, 55]),
    "capella/Nu_rue_mit_sorgen.capx": (226, [60, 62, 65, 67]),
    "mei/test/notes_in_utf16.mei": (102, [43, 45, 47, 48]),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files_of_every_format(name):
    from music21 import common

    piece = read(Path(common.getSourceFilePath()) / name)
    n_notes, pitches = REAL[name]
    assert len(piece.notes) == n_notes
    assert piece.notes["pitch_midi"][:4].tolist() == pitches


MUSEDATA = """
\x20
03/07/97 S. Rasmussen
WK#:581       MV#:3c
Breitkopf & Hartel, Vol. 13
Clarinet Quintet
Trio II
0 0
Clarinet in A
Group memberships: sound, score
sound: part 1 of 5
score: part 1 of 5
$  K:0   Q:6   T:3/4   X:-11   C:4
C5     3        e     d  [     (&0p
E5     3        e     d  ]     )
measure 1
G5    12        h     d        (
E5     6        q     d        )
measure 2
/END
"""


@pytest.mark.parametrize(
    ("name", "text", "pitches"),
    [
        ("a.tinynotation", "4/4 c4 d e f", [60, 62, 64, 65]),
        ("a.volpiano", "1---c--d---e", [60, 62, 64]),
        ("a.musedata", MUSEDATA, [69, 73, 76, 73]),  # a clarinet in A, as it sounds
    ],
)
def test_small_formats(tmp_path, name, text, pitches):
    (tmp_path / name).write_text(text)
    assert read(tmp_path / name).notes["pitch_midi"].tolist() == pitches
