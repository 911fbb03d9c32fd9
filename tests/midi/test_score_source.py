"""Scores before music21 sees them: bombs, odd encodings, archives that are none."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from lstm_music.errors import MidiError
from lstm_music.midi.scores import source
from lstm_music.midi.scores.archives import MAX_MEMBERS, unpack_score
from lstm_music.midi.scores.foreign import read_score
from lstm_music.midi.scores.source import MAX_BYTES, check_xml, decode_text, open_source

DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">'
)
SCORE = (
    '<score-partwise version="3.1"><part-list><score-part id="P1"><part-name>Flöte</part-name>'
    '</score-part></part-list><part id="P1"><measure number="1"><attributes><divisions>1'
    "</divisions></attributes><note><pitch><step>C</step><octave>4</octave></pitch><duration>4"
    "</duration></note></measure></part></score-partwise>"
)
BODY = DOCTYPE + SCORE
XML = f'<?xml version="1.0" encoding="UTF-8"?>{BODY}'
CONTAINER = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'


def archive(members, method=zipfile.ZIP_DEFLATED):
    """A ZIP archive of (name, content)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return buffer.getvalue()


def test_a_compressed_score_is_what_its_container_names():
    members = [
        ("META-INF/container.xml", CONTAINER.format("real.xml")),
        ("decoy.xml", "<no/>"),
        ("real.xml", XML),
    ]
    assert unpack_score(archive(members), MAX_BYTES) == XML.encode()
    assert unpack_score(archive(members[1:]), MAX_BYTES) == b"<no/>"  # no container: the first
    assert open_source(archive(members), ".mxl").content == BODY
    assert open_source(archive(members), ".xml").content == BODY  # misnamed either way
    assert open_source(XML.encode(), ".mxl").content == BODY


def lying(data, size):
    """The archive with another unpacked size declared wherever it declares one."""
    data = bytearray(data)
    data[22:26] = struct.pack("<I", size)
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", size)
    return bytes(data)


def encrypted(data):
    data = bytearray(data)
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


BOMB = archive([("score.xml", b" " * (MAX_BYTES + 1))])
BAD_ARCHIVES = {
    "unpacks to too much": (BOMB, "unpacks to 33554433 bytes"),
    "and lies about it": (lying(BOMB, 1000), "is no compressed score"),
    "a ratio that no score has": (
        archive([("score.xml", b" " * (20 << 20))]),
        "expected at most 5",
    ),
    "too many members": (
        archive([(f"{i}.txt", "") for i in range(MAX_MEMBERS + 1)]),
        "more than 1000 members",
    ),
    "an archive within": (archive([("score.xml", archive([("score.xml", XML)]))]), "within an"),
    "a name that leaves the folder": (archive([("../score.xml", XML)]), "outside its folder"),
    "a rooted name": (archive([("/score.xml", XML)]), "outside its folder"),
    "a name with a drive": (archive([("C:\\score.xml", XML)]), "outside its folder"),
    "encrypted": (encrypted(archive([("score.xml", XML)])), "encrypted"),
    "another compression": (archive([("score.xml", XML)], zipfile.ZIP_LZMA), "method 14"),
    "no score": (archive([("photo.jpeg", b"\xff\xd8")]), "without a score"),
    "damaged": (b"PK\x03\x04broken", "is no compressed score"),
    "cut off": (archive([("score.xml", XML)])[:-30], "is no compressed score"),
    "no archive": (b"hello", "neither a ZIP archive nor XML"),
}


@pytest.mark.parametrize("name", BAD_ARCHIVES)
def test_bad_archives_are_refused(name):
    data, says = BAD_ARCHIVES[name]
    assert len(data) < 200_000
    with pytest.raises(MidiError, match=says):
        open_source(data, ".mxl")


def test_every_truncation_and_flip_of_a_small_archive_is_one_clear_error():
    data = archive([("score.xml", XML)])
    for i in range(len(data)):
        for damaged in (data[:i], data[:i] + bytes([data[i] ^ 0xFF]) + data[i + 1 :]):
            try:
                open_source(damaged, ".mxl")
            except MidiError as error:
                assert error.reason


def test_the_doctype_of_musicxml_is_no_danger():
    assert check_xml(XML) == "score-partwise"


LAUGHS = "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9))
BAD_XML = {
    "billion laughs": (f'<!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]><x>&a9;</x>', "DTD inside"),
    "quadratic blow-up": (
        f'<!DOCTYPE x [<!ENTITY a "{"A" * 50_000}">]><x>{"&a;" * 50_000}</x>',
        "DTD inside",
    ),
    "a file of ours": (
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
        "DTD inside",
    ),
    "MusicXML's DTD with more in it": (DOCTYPE[:-1] + "[<!ELEMENT a ANY>]>" + SCORE, "DTD inside"),
    "another DTD": ('<!DOCTYPE x SYSTEM "http://localhost/x.dtd"><x/>', "DTD other than"),
    "deep": ("<x>" * 101 + "</x>" * 101, "nested deeper"),
    "a huge attribute": (f'<x a="{"A" * 70_000}"/>', "attribute longer"),
    "not well-formed": ("<x><y></x>", "not well-formed"),
    "an entity from nowhere": ("<x>&nbsp;</x>", "not well-formed"),
    "nothing": (" ", "not well-formed"),
}


@pytest.mark.parametrize("name", BAD_XML)
def test_bad_xml_is_refused(name):
    text, says = BAD_XML[name]
    with pytest.raises(MidiError, match=says):
        check_xml(text)


def test_what_is_nested_as_deep_as_allowed_is_read():
    assert check_xml("<x>" * 100 + "</x>" * 100) == "x"


@pytest.mark.parametrize(
    ("data", "repairs"),
    [
        (XML.encode(), 0),
        (XML.encode("utf-8-sig"), 0),
        (XML.encode("utf-16"), 0),  # its declaration still says UTF-8
        (XML.replace("UTF-8", "UTF-16").encode("utf-16-le"), 0),  # no byte order mark
        (XML.replace("UTF-8", "UTF-16").encode("utf-16-be"), 0),
        (XML.encode("utf-32"), 0),
        (XML.replace("UTF-8", "ISO-8859-1").encode("latin-1"), 0),
        (XML.replace("UTF-8", "UTF-16").encode(), 0),  # the declaration lies
        (XML.encode("latin-1"), 1),
        (XML.replace("UTF-8", "no-such-code").encode("latin-1"), 1),
    ],
)
def test_encodings(tmp_path, data, repairs):
    source = open_source(data, ".xml")
    assert source.format == "musicxml"
    assert len(source.repairs) == repairs
    path = tmp_path / "score.xml"
    path.write_bytes(data)
    piece = read_score(path)
    assert piece.tracks[0].name == "Flöte"
    assert len([r for r in piece.repairs if "Windows-1252" in r]) == repairs
    if repairs:
        with pytest.raises(MidiError, match="needs a repair"):
            read_score(path, strict=True)


def test_nul_characters_are_no_text():
    with pytest.raises(MidiError, match="NUL"):
        decode_text(b"X:1\nT:\0\n")


def test_what_a_score_is_shows_in_its_root_not_its_name(tmp_path):
    mei = '<mei xmlns="http://www.music-encoding.org/ns/mei"/>'
    assert open_source(mei.encode(), ".xml").format == "mei"


def test_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "MAX_BYTES", 100)
    with pytest.raises(MidiError, match="expected 1 to 100 bytes"):
        open_source(b"<" * 101, ".xml")


def test_pipes_devices_and_odd_names(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.musicxml")
    (tmp_path / "folder.mxl").mkdir()
    (tmp_path / "device.xml").symlink_to("/dev/zero")
    for name in ("pipe.musicxml", "folder.mxl", "device.xml"):
        with pytest.raises(MidiError, match="not a regular file"):
            read_score(tmp_path / name)
    with pytest.raises(MidiError, match="not a file name"):
        read_score("a\0.xml")
    for name in (b"-x.xml", "音楽 \U0001f3b5.xml".encode(), b"\xff\xfe.xml", b"new\nline.xml"):
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        path.write_text(XML, encoding="utf-8")
        assert read_score(path).source == str(path)
