"""MusicXML of a piece: read back it is the piece, and it says what a score should."""

import xml.etree.ElementTree as ET
import zipfile
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import MIDI_DATA
from token_strategies import examples
from written_back import bar_starts_of, sounding, tempos_of

import lstm_music as lm
from lstm_music.midi.export.formats import to_bytes
from lstm_music.midi.export.musicxml import musicxml_bytes
from lstm_music.music.key import Key, KeyChange
from lstm_music.music.meter import Meter
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes

OURS = sorted(MIDI_DATA.glob("*.mid"))


PIANO = (Track(),)


def piece_of(*rows, tracks=PIANO, **fields):
    return Piece(notes=make_notes(rows), tracks=tracks, **fields)


def root_of(piece, text=""):
    return ET.fromstring(musicxml_bytes(piece, text))


def pedal_of(piece):
    return {(onset, down) for onset, _, down in piece.pedal.tolist()}


def texts(root, tag):
    return [element.text for element in root.iter(tag)]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_it_comes_back(path):
    piece = lm.read(path)
    back = lm.read(to_bytes(piece, ".musicxml"))
    assert sounding(back) == sounding(piece)
    assert (back.meters, back.pickup_steps) == (piece.meters, piece.pickup_steps)
    assert tempos_of(back) == tempos_of(piece)
    assert back.title == piece.title
    assert pedal_of(back) == pedal_of(piece)
    if not all(track.is_drum for track in piece.tracks):
        assert (back.key, back.key_changes) == (piece.key, piece.key_changes)


@st.composite
def modest_pieces(draw):
    """Anything that a few bars of a few tracks can hold, voices and rhythms of any kind."""
    tracks = draw(
        st.lists(st.builds(Track, st.integers(0, 127), st.booleans()), min_size=1, max_size=3)
    )
    note = st.tuples(
        st.integers(0, 300),
        st.one_of(st.integers(1, 60), st.sampled_from([96, 97, 250])),
        st.one_of(st.integers(58, 63), st.integers(0, 127)),
        st.integers(1, 127),
        st.integers(0, len(tracks) - 1),
    )
    meters = st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 8), (9, 16), (3, 2), (7, 32)])
    first = Meter(0, *draw(meters))
    pickup = draw(st.one_of(st.just(0), st.integers(0, first.bar_steps - 1)))
    change = draw(st.none() | st.tuples(st.integers(1, 200), meters))
    later = () if change is None else (Meter(change[0], *change[1]),)
    tempos = {0: 500_000} | draw(
        st.dictionaries(st.integers(0, 200), st.integers(150_000, 2_500_000), max_size=3)
    )
    return Piece(
        notes=make_notes(draw(st.lists(note, min_size=1, max_size=25))),
        tracks=tuple(tracks),
        meters=(first, *later),
        pickup_steps=pickup,
        tempos=tuple(Tempo(*tempo) for tempo in sorted(tempos.items())),
        key=Key(draw(st.integers(-7, 7)), draw(st.sampled_from(["major", "minor"]))),
        title=draw(st.text(max_size=5)),
    )


@examples(25)
@given(modest_pieces())
def test_any_piece_comes_back(piece):
    back = lm.read(musicxml_bytes(piece))
    assert sounding(back) == sounding(piece)
    assert bar_starts_of(back) == bar_starts_of(piece)
    assert tempos_of(back) == tempos_of(piece)


def test_the_same_piece_is_the_same_bytes_plain_and_compressed():
    piece = lm.read(MIDI_DATA / "band.mid")
    plain = to_bytes(piece, ".musicxml", text="rng_seed=1")
    assert plain == to_bytes(piece, ".XML", text="rng_seed=1")
    assert b"<encoding-description>rng_seed=1<" in plain
    packed = to_bytes(piece, ".mxl", text="rng_seed=1")
    assert packed == to_bytes(piece, ".mxl", text="rng_seed=1")
    with zipfile.ZipFile(BytesIO(packed)) as archive:
        assert archive.namelist() == ["META-INF/container.xml", "score.musicxml"]
        assert archive.read("score.musicxml") == plain
    assert sounding(lm.read(packed)) == sounding(piece)


def test_every_program_comes_back_whatever_its_track_is_called():
    for name in ("", "Electric piano", "Violin"):
        rows = [(24 * i, 24, 60, 80, i) for i in range(128)]
        tracks = [Track(program, name=name) for program in range(128)]
        back = lm.read(musicxml_bytes(piece_of(*rows, tracks=tuple(tracks))))
        assert [track.program for track in back.tracks] == list(range(128))


def test_every_drum_comes_back():
    rows = [(24 * key, 24, key, 80, 0) for key in range(128)]
    piece = piece_of(*rows, tracks=(Track(0, is_drum=True),))
    assert sounding(lm.read(musicxml_bytes(piece))) == sounding(piece)


def test_every_velocity_of_a_chord_comes_back():
    rows = [(24 * i, 24, 60 + j, 1 + 3 * i + j, 0) for i in range(42) for j in range(3)]
    piece = piece_of(*rows)
    assert sounding(lm.read(musicxml_bytes(piece))) == sounding(piece)


def test_drums_stand_on_their_staff_as_strokes():
    rows = [(0, 3, 36, 80, 0), (0, 3, 42, 80, 0), (24, 3, 42, 80, 0), (48, 90, 38, 80, 0)]
    root = root_of(piece_of(*rows, tracks=(Track(0, is_drum=True),)))
    assert texts(root, "sign") == ["percussion"]
    assert texts(root, "notehead")[0] == "x"
    assert texts(root, "midi-unpitched") == ["37", "39", "43"]
    assert texts(root, "type")[:3] == ["quarter"] * 3  # as long as to the next, no ties
    assert not list(root.iter("tie"))
    assert {e.get("id") for e in root.iter("instrument")} == {"P1-K36", "P1-K38", "P1-K42"}


def test_a_stroke_that_no_note_value_fits_is_followed_by_a_rest():
    rows = [(0, 3, 38, 80, 0), (15, 3, 38, 80, 0)]
    root = root_of(piece_of(*rows, tracks=(Track(0, is_drum=True),)))
    first, second, third = list(root.iter("note"))[:3]
    assert [n.findtext("type") for n in (first, second, third)] == ["eighth", "32nd", "16th"]
    assert [n.find("rest") is not None for n in (first, second, third)] == [False, True, False]
    assert not list(root.iter("tie"))


def test_a_piano_of_wide_range_has_two_staves_in_voices_of_their_own():
    rows = [(0, 96, 72, 80, 0), (0, 96, 76, 80, 0), (0, 48, 40, 80, 0), (48, 48, 43, 80, 0)]
    root = root_of(piece_of(*rows))
    assert texts(root, "staves") == ["2"]
    assert texts(root, "sign") == ["G", "F"]
    notes = [(n.findtext("staff"), n.findtext("voice")) for n in root.iter("note")]
    assert notes == [("1", "1"), ("1", "1"), ("2", "5"), ("2", "5")]
    assert len(root.findall("part")) == 1
    assert not texts(root_of(piece_of(*rows, tracks=(Track(48),))), "staves")  # strings: one


def test_no_staff_has_more_than_four_voices():
    rows = [(i, 90 - 2 * i, 60 + i, 80, 0) for i in range(9)]
    piece = piece_of(*rows)
    root = root_of(piece)
    assert set(texts(root, "voice")) == {"1", "2", "3", "4"}
    assert sounding(lm.read(musicxml_bytes(piece))) == sounding(piece)


@pytest.mark.parametrize(
    ("program", "pitch", "clef"),
    [
        (0, 72, "G2"),
        (0, 45, "F4"),
        (41, 60, "C3"),
        (25, 52, "G2-1"),
        (33, 33, "F4-1"),
        (73, 100, "G21"),
    ],
)
def test_clefs_fit(program, pitch, clef):
    root = root_of(piece_of((0, 24, pitch, 80, 0), tracks=(Track(program),)))
    tags = ("sign", "line", "clef-octave-change")
    assert "".join(root.find(".//clef").findtext(tag, "") for tag in tags) == clef


def test_pickup_meters_and_keys_are_written_where_they_change():
    piece = piece_of(
        *((24 * i, 24, 60, 80, 0) for i in range(12)),
        meters=(Meter(0, 4, 4), Meter(120, 3, 4)),
        pickup_steps=24,
        key=Key.parse("D minor"),
        key_changes=(KeyChange(120, Key.parse("E major")),),
    )
    root = root_of(piece)
    measures = root.findall("part/measure")
    assert [m.get("number") for m in measures] == ["0", "1", "2", "3", "4"]
    assert [m.get("implicit") for m in measures][:2] == ["yes", "no"]
    assert (texts(root, "beats"), texts(root, "beat-type")) == (["4", "3"], ["4", "4"])
    assert (texts(root, "fifths"), texts(root, "mode")) == (["-1", "4"], ["minor", "major"])
    assert measures[2].find("attributes/key") is not None


def test_only_tempos_that_a_player_would_read_are_printed():
    tempos = (
        Tempo.from_bpm(120),
        Tempo.from_bpm(121, 24),
        Tempo.from_bpm(100.5, 36),
        Tempo(48, 612_345),
        Tempo.from_bpm(90, 72),
    )
    piece = piece_of((0, 96, 60, 80, 0), tempos=tempos)
    root = root_of(piece)
    assert texts(root, "per-minute") == ["120", "90"]
    assert lm.read(musicxml_bytes(piece)).tempos == tempos


def test_dynamics_stand_where_the_music_gets_much_louder():
    loud = [80, 85, 78, 112, 110, 50]
    root = root_of(piece_of(*((96 * i, 96, 60, v, 0) for i, v in enumerate(loud))))
    marks = [e[0].tag for m in root.iter("measure") for e in m.iter("dynamics")]
    numbers = [m.get("number") for m in root.iter("measure") if m.find(".//dynamics") is not None]
    assert (marks, numbers) == (["mf", "ff", "p"], ["1", "4", "6"])


def test_the_pedal_is_marked_where_it_changes():
    rows = [(0, True), (10, True), (13, False), (108, True), (110, False), (500, True)]
    pedal = np.array([(onset, 0, down) for onset, down in rows], PEDAL_DTYPE)
    piece = piece_of((0, 96, 60, 80, 0), (96, 96, 60, 80, 0), pedal=pedal)
    root = root_of(piece)
    marks = [
        (p.get("type"), d.findtext("offset"))
        for d in root.iter("direction")
        for p in d.iter("pedal")
    ]
    assert sorted(marks) == [("start", "0"), ("start", "5040"), ("stop", "5460"), ("stop", "5880")]
    back = lm.read(musicxml_bytes(piece))
    assert back.pedal.tolist() == [(0, 0, True), (13, 0, False), (108, 0, True), (110, 0, False)]


def test_a_piece_without_notes_is_a_bar_of_rest():
    (note,) = root_of(Piece()).iter("note")
    assert note.find("rest").get("measure") == "yes"


def test_characters_that_no_xml_holds_are_left_out():
    piece = piece_of((0, 24, 60, 80, 0), title="a\x01\ufffe<b>", tracks=(Track(0, name="\x02v"),))
    root = root_of(piece, text="\x03&")
    assert root.findtext("movement-title") == "a<b>"
    assert root.findtext("part-list/score-part/part-name") == "v"
    assert root.findtext("identification/encoding/encoding-description") == "&"
