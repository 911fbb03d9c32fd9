"""Scores through music21: MusicXML, ABC and the built-in corpora."""

import numpy as np
import pytest

from lstm_music.errors import MidiError
from lstm_music.midi.scores.foreign import (
    abc_tunes,
    chorale_files,
    corpus_chorales,
    corpus_tunes,
    piece_from_stream,
    read_abc,
    read_score,
    tune_texts,
)
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Tempo, Track

NOTE = "<note><pitch><step>{0}</step><octave>{1}</octave></pitch><duration>{2}</duration>{3}</note>"
HEAD = """<?xml version="1.0"?><score-partwise version="4.0">
<part-list><score-part id="P1"><part-name>Clarinet</part-name></score-part></part-list>
<part id="P1">"""


def note(step, octave, duration, more=""):
    return NOTE.format(step, octave, duration, more)


@pytest.fixture
def musicxml(tmp_path):
    """A clarinet in B flat, 12 divisions a quarter: pickup, tie, chord, grace, triplet, volta."""
    tie = "<tie type='{0}'/><notations><tied type='{0}'/></notations>"
    chord = note("G", 4, 12).replace("<note>", "<note><chord/>")
    grace = "<note><grace/><pitch><step>F</step><octave>5</octave></pitch></note>"
    body = (
        "<measure number='0' implicit='yes'><attributes><divisions>12</divisions>"
        "<key><fifths>1</fifths><mode>minor</mode></key>"
        "<time><beats>2</beats><beat-type>4</beat-type></time>"
        "<transpose><chromatic>-2</chromatic></transpose></attributes>"
        "<direction><sound tempo='90'/></direction>" + note("D", 4, 12) + "</measure>"
        "<measure number='1'>" + note("E", 4, 12) + chord + grace
        + note("A", 4, 12, tie.format("start")) + "</measure>"
        "<measure number='2'><barline location='left'><ending number='1' type='start'/></barline>"
        + note("A", 4, 4, tie.format("stop")) + note("B", 4, 4) + note("C", 5, 4)
        + note("D", 5, 12)
        + "<barline location='right'><ending number='1' type='stop'/>"
        "<repeat direction='backward'/></barline></measure>"
        "<measure number='3'><barline location='left'><ending number='2' type='start'/></barline>"
        + note("G", 4, 24)
        + "<barline location='right'><ending number='2' type='stop'/></barline></measure>"
    )  # fmt: skip
    path = tmp_path / "tune.musicxml"
    path.write_text(HEAD + body + "</part></score-partwise>")
    return path


def rows(piece):
    fields = ("onset_steps", "duration_steps", "pitch_midi", "track")
    return [tuple(int(n[f]) for f in fields) for n in piece.notes]


def test_musicxml_written_once(musicxml):
    piece = read_score(musicxml, expand_repeats=False)
    assert rows(piece) == [
        (0, 24, 60, 0),
        (24, 24, 62, 0),
        (24, 24, 65, 0),
        (48, 24, 67, 0),  # the tie into the first ending is cut
        (72, 48, 65, 0),  # the last ending only
    ]
    assert piece.pickup_steps == 24
    assert piece.meters == (Meter(0, 2, 4),)
    assert piece.tempos == (Tempo.from_bpm(90),)
    assert piece.tracks[0].name == "Clarinet"
    assert any("grace" in repair for repair in piece.repairs)
    assert piece.max_timing_error_steps == 0.0
    assert piece.source == str(musicxml)


def test_musicxml_repeats_played_out(musicxml):
    piece = read_score(musicxml)
    assert rows(piece)[3:7] == [
        (48, 32, 67, 0),  # tied over the bar line
        (80, 8, 69, 0),  # triplets are exact
        (88, 8, 70, 0),
        (96, 24, 72, 0),
    ]
    # The second pass leaves the first ending out, and holds no note over into it.
    assert rows(piece)[7:] == [
        (120, 24, 60, 0),
        (144, 24, 62, 0),
        (144, 24, 65, 0),
        (168, 24, 67, 0),
        (192, 48, 65, 0),
    ]


def test_abc_tune():
    text = "X:1\nT:A jig\nM:6/8\nL:1/8\nQ:3/8=80\nK:Edor\nB|E2F G2A|Bcd e2|]\n"
    piece = read_abc(text, source="book#1", style="folk")
    assert piece.title == "A jig"
    assert piece.style == "folk"
    assert piece.key == Key.parse("E minor")  # dorian counts as minor
    assert piece.meters == (Meter(0, 6, 8),)
    assert piece.pickup_steps == 12
    assert piece.tempos[0].tempo_bpm == pytest.approx(120)
    assert rows(piece)[:3] == [(0, 12, 71, 0), (12, 24, 64, 0), (36, 12, 66, 0)]


def test_abc_repeat_once_or_twice():
    text = "X:1\nM:2/4\nL:1/4\nK:C\n|:CD|E2:|\n|:EF|A2:|\n"
    assert [r[2] for r in rows(read_abc(text))] == [60, 62, 64] * 2 + [64, 65, 69] * 2
    assert [r[2] for r in rows(read_abc(text, expand_repeats=False))] == [60, 62, 64, 64, 65, 69]


def test_abc_book_is_cut_apart_and_keeps_its_header(tmp_path):
    book = "% a book\nL:1/4\nX:1\nT:one\nM:2/4\nK:C\nCD|\n\nX:2\nT:two\nM:2/4\nK:G\nGA|\n"
    tunes = list(abc_tunes(book))
    assert [read_abc(tune).title for tune in tunes] == ["one", "two"]
    assert rows(read_abc(tunes[1])) == [(0, 24, 67, 0), (24, 24, 69, 0)]
    path = tmp_path / "book.abc"
    path.write_text(book)
    assert read_score(path).title == "one"


def test_chord_symbols_become_block_chords():
    text = 'X:1\nM:4/4\nL:1/4\nK:C\n"C"CDEF|"G7/B"G2A2|\n'
    piece = read_abc(text)
    assert piece.style == "lead"
    assert piece.tracks[1] == Track(0, False, "Chords")
    chords = [r for r in rows(piece) if r[3] == 1]
    assert [r[2] for r in chords] == [48, 52, 55, 59, 62, 65, 67]
    assert {r[:2] for r in chords} == {(0, 96), (96, 96)}


def test_drums_and_voices_of_a_stream():
    from music21 import instrument, note, stream

    drums = stream.Part()
    snare = instrument.SnareDrum()
    snare.percMapPitch = 38
    hit = note.Unpitched()
    hit.storedInstrument = snare
    drums.insert(1.0, hit)
    voices = stream.Part()
    measure = stream.Measure(number=1)
    upper, lower = stream.Voice(), stream.Voice()
    upper.append(note.Note("C5", quarterLength=4))
    lower.append([note.Note("E4", quarterLength=2), note.Note("F4", quarterLength=2)])
    measure.insert(0, upper)
    measure.insert(0, lower)
    voices.append(measure)
    piece = piece_from_stream(stream.Score([drums, voices]))
    assert [track.is_drum for track in piece.tracks] == [True, False]
    assert rows(piece) == [(0, 48, 64, 1), (0, 96, 72, 1), (24, 24, 38, 0), (48, 48, 65, 1)]


def test_meter_and_tempo_changes_of_a_flat_stream():
    from music21 import meter, note, stream, tempo

    flat = stream.Stream()
    for onset, element in (
        (0, meter.TimeSignature("3/4")),
        (3, meter.TimeSignature("5/8")),
        (3, tempo.MetronomeMark(number=60)),
    ):
        flat.insert(onset, element)
    for beat in range(6):
        flat.insert(beat, note.Note("C4"))
    piece = piece_from_stream(flat)
    assert piece.meters == (Meter(0, 3, 4), Meter(72, 5, 8))
    assert piece.tempos == (Tempo(0), Tempo.from_bpm(60, 72))
    assert piece.key is None


def test_off_grid_times_are_rounded_and_told():
    from music21 import note, stream

    part = stream.Part()
    for i in range(5):
        part.insert(i / 5, note.Note(60 + i, quarterLength=1 / 5))
    piece = piece_from_stream(part)
    assert piece.notes["onset_steps"].tolist() == [0, 5, 10, 14, 19]
    assert np.isclose(piece.max_timing_error_steps, 0.4)


def test_halves_of_a_step_go_up_as_in_midi_files():
    from music21 import note, stream

    part = stream.Part()
    for half_steps in (1, 5):
        part.insert(half_steps / 48, note.Note(60, quarterLength=1 / 48))
    notes = piece_from_stream(part).notes
    assert notes["onset_steps"].tolist() == [1, 3]
    assert notes["timing_96ths"].tolist() == [-2, -2]


def test_first_chorale():
    name, path = chorale_files()[0]
    piece = read_score(path, source=name, style="chorale", expand_repeats=False)
    assert name == "music21:chorales/bwv269"
    assert [track.name for track in piece.tracks] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert rows(piece)[:4] == [(0, 24, 67, 0), (0, 24, 62, 1), (0, 24, 59, 2), (0, 24, 43, 3)]
    assert piece.key == Key.parse("G major")
    assert piece.pickup_steps == 24


def test_corpora_as_pieces():
    chorale, tune = next(corpus_chorales()), next(corpus_tunes())
    assert (chorale.style, chorale.source) == ("chorale", "music21:chorales/bwv269")
    assert (tune.style, tune.source) == ("folk", "music21:tunes/oneills1850/0001-0050#1")
    assert tune.title == "The Enchanted Valley"


def test_built_in_corpora_are_whole():
    assert len(chorale_files()) == 350
    assert len(tune_texts()) == 4248


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.xml", b"<html>no music</html>", "music21 cannot read it"),
        ("a.mxl", b"PK\x03\x04broken", "is no compressed score"),
        ("a.musicxml", b"", "expected 1 to"),
        ("a.abc", b"X:1\nT:silence\nM:4/4\nL:1/4\nK:C\nz4|\n", "no notes"),
        ("a.jpeg", b"\xff\xd8\xff", "unknown kind of file"),
    ],
)
def test_bad_files_raise_one_clear_error(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MidiError, match=says) as caught:
        read_score(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(MidiError, match="cannot be read: No such file"):
        read_score(tmp_path / "none.xml")


@pytest.mark.parametrize("second", [None, "stop", "start"])
def test_a_tie_whose_end_is_not_told(second):
    """Some programs write no end of a tie; the next note of the pitch is it, if it follows."""
    from music21 import note, stream, tie

    part = stream.Part()
    for onset, pitch, kind in ((0, 60, "start"), (1, 60, second), (2, 60, None), (4, 60, None)):
        element = note.Note(pitch, quarterLength=1)
        element.tie = tie.Tie(kind) if kind else None
        part.insert(onset, element)
    joined = (0, 48, 60, 0) if second != "start" else (0, 72, 60, 0)
    apart = [(48, 24, 60, 0)] if second != "start" else []
    assert rows(piece_from_stream(part)) == [joined, *apart, (96, 24, 60, 0)]


def test_a_tie_goes_to_the_voice_that_has_its_end():
    from music21 import note, stream, tie

    part = stream.Part()
    held = note.Note(60, quarterLength=1)
    held.tie = tie.Tie("start")
    end = note.Note(60, quarterLength=2)
    end.tie = tie.Tie("stop")
    part.insert(0, held)
    part.insert(1, note.Note(60, quarterLength=1))  # another voice, written first
    part.insert(1, end)
    assert rows(piece_from_stream(part)) == [(0, 72, 60, 0), (24, 24, 60, 0)]
