"""Rhythms that other readers bend come back exactly: as MIDI, as MusicXML, through tokens."""

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import round_trip
from paths import SHARED_DATA, needs_shared_data
from smf_bytes import END, chunk, smf

from lstm_music.midi.files import read
from lstm_music.midi.read import read_midi_bytes
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Tempo
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode

RHYTHMS = {
    # Meters as (bars, meter), then lengths in quarter notes; a negative one is a rest.
    "triplets": ([(2, "4/4")], "1/3 1/3 1/3 1/3 1/3 1/3 1 2/3 1/3 2/3 2/3 2/3 1 1"),
    "sextuplets": ([(1, "4/4")], "1/6 " * 12 + "1/12 " * 12 + "1"),
    "32nds": ([(1, "2/4")], "1/8 " * 8 + "3/8 1/8 1/4 -1/8 1/8"),
    "swing written out": ([(2, "4/4")], "2/3 1/3 " * 8),
    "ties over bars": ([(3, "3/4")], "2 2 7/2 3/2"),
    "5/4": ([(2, "5/4")], "3 2 1 1 1 -1 1"),
    "7/8": ([(3, "7/8")], "1/2 " * 7 + "1 1 3/2 7/2"),
    "12/8": ([(2, "12/8")], "3/2 1/2 1 3/2 1/2 1 3/2 1/2 1 3/4 1/4 1/2 3/2"),
    "changes of meter": (
        [(1, "4/4"), (2, "3/8"), (1, "5/8"), (1, "3/4"), (1, "2/2")],
        "4 3/2 1/2 1 3/2 1 1 2 3 1",
    ),
}
RHYTHMS = {
    name: (meters, [Fraction(q) for q in text.split()]) for name, (meters, text) in RHYTHMS.items()
}
TEMPOS = [(0, 120), (2, 60), (4, 240)]  # quarters into the piece, quarters a minute


def rows(lengths):
    """(onset, duration) in steps of the notes of a rhythm."""
    ends = itertools.accumulate(map(abs, lengths))
    return [(24 * (end - q), 24 * q) for end, q in zip(ends, lengths) if q > 0]


def as_midi(meters, lengths, division):
    """The rhythm as a MIDI file, by hand."""
    events, now = [], Fraction(0)
    for n_bars, meter in meters:
        numerator, denominator = map(int, meter.split("/"))
        data = bytes([numerator, denominator.bit_length() - 1, 24, 8])
        events.append((now, 0, b"\xff\x58\x04" + data))
        now += n_bars * Fraction(4 * numerator, denominator)
    for quarters, bpm in TEMPOS:
        events.append(
            (Fraction(quarters), 0, b"\xff\x51\x03" + (60_000_000 // bpm).to_bytes(3, "big"))
        )
    for i, (onset, duration) in enumerate(rows(lengths)):
        events.append((onset / 24, 2, bytes([0x90, 60 + i % 3, 64])))
        events.append(((onset + duration) / 24, 1, bytes([0x80, 60 + i % 3, 64])))
    body, last = b"", 0
    for quarters, _, event in sorted(events):
        ticks = quarters * division
        assert ticks.denominator == 1
        body += vlq(int(ticks) - last) + event
        last = int(ticks)
    header = chunk(b"MThd", bytes([0, 0, 0, 1]) + division.to_bytes(2, "big"))
    return header + chunk(b"MTrk", body + b"\0\xff\x2f\0")


def vlq(number):
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(number & 0x7F | 0x80)
    return bytes(reversed(parts))


def as_musicxml(meters, lengths, path):
    """The rhythm as MusicXML, written by music21, which ties it over bar lines."""
    from music21 import meter, note, stream, tempo

    part = stream.Part()
    now = Fraction(0)
    for n_bars, name in meters:
        part.insert(now, meter.TimeSignature(name))
        now += n_bars * Fraction(
            part.getElementsByClass("TimeSignature").last().barDuration.quarterLength
        )
    for quarters, bpm in TEMPOS:
        part.insert(quarters, tempo.MetronomeMark(number=bpm))
    for i, (onset, duration) in enumerate(rows(lengths)):
        part.insert(onset / 24, note.Note(60 + i % 3, quarterLength=duration / 24))
    part.makeRests(inPlace=True, fillGaps=True)
    stream.Score([part]).write("musicxml", path)


def check(piece, meters, lengths):
    fields = ("onset_steps", "duration_steps", "timing_96ths")
    found = list(zip(*(piece.notes[name].tolist() for name in fields)))
    assert found == [(onset, duration, 0) for onset, duration in rows(lengths)]
    onsets = itertools.accumulate((n * Meter(0, *parts(m)).bar_steps for n, m in meters), initial=0)
    assert piece.meters == tuple(Meter(at, *parts(m)) for at, (_, m) in zip(onsets, meters))
    end = piece.end_steps
    told = [Tempo.from_bpm(bpm, 24 * quarters) for quarters, bpm in TEMPOS if 24 * quarters < end]
    assert list(piece.tempos)[: len(told)] == told


def parts(meter):
    return map(int, meter.split("/"))


@pytest.mark.parametrize("name", RHYTHMS)
@pytest.mark.parametrize("division", [24, 96, 480, 960])
def test_made_midi_files(name, division):
    meters, lengths = RHYTHMS[name]
    piece = read_midi_bytes(as_midi(meters, lengths, division))
    check(piece, meters, lengths)
    again = read_midi_bytes(to_midi_bytes(decode(encode(piece))))
    assert np.array_equal(encode(again), encode(piece))
    check(again, meters, lengths)


@pytest.mark.parametrize("name", RHYTHMS)
def test_made_musicxml_files(tmp_path, name):
    meters, lengths = RHYTHMS[name]
    path = tmp_path / "made.musicxml"
    as_musicxml(meters, lengths, path)
    piece = read(path)
    check(piece, meters, lengths)
    check(read_midi_bytes(to_midi_bytes(decode(encode(piece)))), meters, lengths)


def test_quintuplets_go_to_the_nearest_step_and_the_rest_is_kept():
    piece = read_midi_bytes(as_midi([(1, "4/4")], [Fraction(1, 5)] * 10 + [Fraction(2)], 480))
    fine = 4 * piece.notes["onset_steps"] + piece.notes["timing_96ths"]
    assert fine.tolist() == [round(96 * i / 5) for i in range(11)]


FLOOR = 0.99


def assert_exact(scores):
    result = round_trip.total(scores)
    assert not result.unread
    assert result.notes > 500
    assert result.onset_share >= FLOOR
    assert result.exact_share >= FLOOR


def test_scores_of_the_music21_corpus():
    from music21 import common

    folder = Path(common.getSourceFilePath()) / "corpus"
    names = ("bach/bwv66.6.mxl", "corelli/opus3no1/1grave.xml", "palestrina/Agnus.krn")
    paths = [folder / name for name in names]
    assert_exact((path.name, path.read_bytes(), path.suffix) for path in paths)


def test_fiddle_tunes():
    tunes = round_trip.tune_texts()[::500]
    assert_exact((name, text.encode(), ".abc") for name, text in tunes)


@needs_shared_data
def test_lead_sheets():
    paths = sorted((SHARED_DATA / "open_ewld").glob("*.mxl"))[::60]
    assert_exact((path.name, path.read_bytes(), path.suffix) for path in paths)


@needs_shared_data
def test_a_performance_keeps_its_timing():
    paths = sorted((SHARED_DATA / "groove").rglob("*.mid"))[::100]
    result = round_trip.Survival()
    for path in paths:
        result.add(round_trip.played(path))
    assert result.notes > 500
    assert result.onset_share >= FLOOR


def test_the_measure_can_fail():
    truth = round_trip.Counter(
        {(Fraction(0), Fraction(24), 60): 1, (Fraction(24, 5), Fraction(24, 5), 62): 1}
    )
    back = read_midi_bytes(smf(" 00 90 3C 40  60 80 3C 40" + END))
    result = round_trip.compare(truth, back)
    assert (result.notes, result.exact, result.off_grid) == (2, 1, 1)
    assert round_trip.compare(truth, back.replace(notes=back.notes[:0])).exact == 0
