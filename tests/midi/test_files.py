"""One entrance for every format: content first, then the ending."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from lstm_music.errors import ConfigError, MidiError
from lstm_music.midi.files import read, read_pieces
from lstm_music.midi.scores.foreign import read_abc
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


class Trickle(io.RawIOBase):
    """A pipe that gives a few bytes at a time."""

    def __init__(self, data):
        self.left = data

    def read(self, size=-1):
        part, self.left = self.left[:7], self.left[7:]
        return part


@pytest.mark.parametrize("reader", ["lstm_music", "music21"])
def test_bytes_and_open_files_are_read_as_paths_are(tmp_path, reader):
    data = to_midi_bytes(read_abc(ABC))
    path = tmp_path / "tune.mid"
    path.write_bytes(data)
    wanted = read(path, reader=reader)
    with path.open("rb") as file:
        assert read(file, reader=reader).source == str(path)
    for source in (data, bytearray(data), memoryview(data), io.BytesIO(data), Trickle(data)):
        piece = read(source, reader=reader)
        assert (piece, piece.source) == (wanted, "")
        data_again = source if isinstance(source, bytes) else data
        assert read_pieces(data_again, reader=reader) == [wanted]


def test_an_open_file_is_read_from_where_it_stands(tmp_path):
    data = to_midi_bytes(read_abc(ABC))
    file = io.BytesIO(b"other things" + data)
    file.seek(len(b"other things"))
    assert read(file) == read(data)


def test_a_file_opened_by_its_descriptor_has_no_name(tmp_path):
    path = tmp_path / "tune.abc"
    path.write_text(ABC)
    with os.fdopen(os.open(path, os.O_RDONLY), "rb") as file:
        assert read(file).source == ""


BOOK = ABC + "\n" + ABC.replace("X:1", "X:3")
KERN = "!!!OTL: Air\n**kern\n*M4/4\n=1\n4c\n4d\n=2\n*-\n"
XML = (
    '<score-partwise><part-list><score-part id="P1"><part-name/></score-part></part-list>'
    '<part id="P1"><measure number="1"><attributes><divisions>1</divisions></attributes><note>'
    "<pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note></measure></part>"
    "</score-partwise>"
)
MEI = (
    '<?xml version="1.0"?><mei xmlns="http://www.music-encoding.org/ns/mei"><music><body><mdiv>'
    '<score><scoreDef><staffGrp><staffDef n="1" lines="5" clef.shape="G" clef.line="2"/></staffGrp>'
    '</scoreDef><section><measure n="1"><staff n="1"><layer n="1"><note pname="c" oct="4" dur="4"/>'
    "</layer></staff></measure></section></score></mdiv></body></music></mei>"
)


def zipped(text):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("score.musicxml", text)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        (ABC.encode(), 7),
        (("%abc-2.1\n% old tunes\nO:Ireland\n\n" + ABC).encode(), 7),
        (("\ufeff" + ABC).encode(), 7),
        (KERN.encode(), 2),
        (XML.encode(), 1),
        (("\ufeff\n" + XML).encode("utf-16-le"), 1),
        (MEI.encode(), 1),
        (zipped(XML), 1),
    ],
)
def test_scores_without_a_name_are_known_by_their_first_bytes(content, notes):
    assert len(read(content).notes) == notes
    assert len(read_pieces(content)[0].notes) == notes


def test_a_book_without_a_name_numbers_its_tunes():
    assert [piece.source for piece in read_pieces(BOOK.encode())] == ["", "#2"]


@pytest.mark.parametrize(
    "content", [b"", b"Dear all,\nX marks it", b"\xff\xd8\xff\xe0", b"\0" * 200]
)
def test_content_of_no_known_kind(content):
    with pytest.raises(MidiError, match=r"^its first bytes|^it is empty"):
        read(content)


@pytest.mark.parametrize("source", [3, None, ["a.mid"], io.StringIO(ABC)])
def test_what_is_neither_path_nor_content(source):
    with pytest.raises(ConfigError, match=r"expected a (path, bytes|file opened to read bytes)"):
        read(source)


def test_a_file_that_fails_is_told_by_its_name(tmp_path):
    path = tmp_path / "tune.mid"
    path.write_bytes(b"MThd")
    with path.open("rb") as file, pytest.raises(MidiError, match=r"tune\.mid: not a MIDI file"):
        read(file)
    with pytest.raises(MidiError, match=r"tune\.mid: cannot be read: .*closed"):
        read(file)
    with path.open("ab") as file, pytest.raises(MidiError, match=r"tune\.mid: cannot be read"):
        read(file)
