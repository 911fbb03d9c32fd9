"""Chord symbols: what is counted in lead sheets, and what is drawn from it."""

import numpy as np
import pytest

from lstm_music.errors import ModelFileError
from lstm_music.music.harmony.progression_model import (
    ProgressionModel,
    Symbol,
    chord_symbols,
    symbol_notes,
)
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track

FOUR = Meter.parse("4/4")
BAR = 96
CADENCE = [Symbol(0, "2/3-4"), Symbol(BAR, "7/4-3-3"), Symbol(2 * BAR, "0/4-3")]


def lead_sheet(symbols=CADENCE, key="D major", n_bars=4):
    tonic = Key.parse(key).tonic_pitch_class
    chords = symbol_notes(symbols, n_bars * BAR, tonic, track=1, velocity=80)
    melody = np.array([(0, 24, 74, 80, 0, 0), (48, 24, 76, 80, 0, 0)], NOTE_DTYPE)
    return Piece(
        notes=np.concatenate([melody, chords]),
        tracks=(Track(), Track()),
        key=Key.parse(key),
        style="lead",
    )


def model(*pieces):
    return ProgressionModel.count((piece.style, piece) for piece in pieces or [lead_sheet()])


def drawn(counted, returns=(None,) * 4, rng_seed=0, closes=False):
    rng = np.random.default_rng(rng_seed)
    return counted.draw("lead", "major", FOUR, returns, rng, closes=closes)


def test_chord_symbols_are_read_from_the_track_that_holds_each_chord_until_the_next():
    assert chord_symbols(lead_sheet()) == CADENCE


def test_in_any_key_they_are_the_same():
    assert chord_symbols(lead_sheet(key="Bb major")) == CADENCE


def test_a_chord_that_stops_early_is_no_chord_symbol():
    piece = lead_sheet()
    notes = piece.notes.copy()
    notes["duration_steps"][notes["onset_steps"] == BAR] -= 12
    assert chord_symbols(piece.replace(notes=notes)) == []


def test_a_style_in_which_pieces_without_them_are_usual_is_not_counted():
    bare = lead_sheet().replace(notes=lead_sheet().notes[:2])
    counted = model(*[lead_sheet()] * 9, bare)
    assert not counted.knows("lead", FOUR)
    assert model(*[lead_sheet()] * 19, bare).knows("lead", FOUR)


def test_it_knows_the_meters_that_it_has_counted():
    assert model().knows("lead", FOUR)
    assert not model().knows("lead", Meter.parse("3/4"))
    assert not model().knows("folk", FOUR)


def test_what_follows_is_what_has_followed():
    for rng_seed in range(20):
        symbols = drawn(model(*[lead_sheet()] * 50), rng_seed=rng_seed)
        assert {chord for _, chord in symbols} <= {chord for _, chord in CADENCE}
    following = [chord for _, chord in drawn(model(*[lead_sheet()] * 10_000))]
    assert following[:3] == [chord for _, chord in CADENCE]


def test_chords_stand_where_chords_have_stood():
    symbols = drawn(model(*[lead_sheet()] * 50), returns=(None,) * 16)
    assert {onset % BAR for onset, _ in symbols} == {0}


def test_the_chords_of_a_bar_return_with_it():
    half = [Symbol(0, "0/4-3"), Symbol(48, "5/4-3"), Symbol(96, "7/4-3"), Symbol(144, "2/3-4")]
    half.append(Symbol(192, "0/4-3"))
    counted = model(*[lead_sheet(half)] * 5)
    symbols = drawn(counted, (None, None, None, None, 0, 1, 2, 3))
    first = [(onset, chord) for onset, chord in symbols if onset < 4 * BAR]
    again = [(onset - 4 * BAR, chord) for onset, chord in symbols if onset >= 4 * BAR]
    assert len(first) >= 4
    assert again == first


def test_it_closes_on_the_tonic():
    ends = [Symbol(3 * BAR, chord) for chord in ("7/4-3-3", "0/4-3")]
    counted = model(*[lead_sheet([*CADENCE, end]) for end in ends * 5])
    closed = [drawn(counted, rng_seed=i, closes=True)[-1].chord for i in range(20)]
    assert closed == ["0/4-3"] * 20
    assert {drawn(counted, rng_seed=i)[-1].chord for i in range(20)} > {"0/4-3"}


def test_notes_of_symbols_are_blocks_held_until_the_next():
    notes = symbol_notes(CADENCE, 4 * BAR, 2, track=1, velocity=80)
    assert notes["pitch_midi"][:3].tolist() == [52, 55, 59]  # E minor, the second of D major
    assert notes["onset_steps"].tolist() == [0] * 3 + [BAR] * 4 + [2 * BAR] * 3
    assert notes["duration_steps"].tolist() == [BAR] * 7 + [2 * BAR] * 3


def test_it_comes_back_from_json():
    counted = model(*[lead_sheet()] * 5)
    read = ProgressionModel.from_json(counted.to_json())
    assert read.to_json() == counted.to_json()
    assert drawn(read) == drawn(counted)


@pytest.mark.parametrize(
    "damaged",
    [
        {"lead": 1},
        {"lead": {"chords": {}}},
        {"lead": {"chords": {"major": "12/4-3:1"}, "lengths": {}}},
        {"lead": {"chords": {"major": "0/4-0:1"}, "lengths": {}}},
        {"lead": {"chords": {}, "lengths": {"0@4/4": "0:1"}}},
        {"lead": {"chords": {}, "lengths": {"0@4/4": "96"}}},
    ],
)
def test_damaged_counts_are_refused(damaged):
    with pytest.raises(ModelFileError, match="train again"):
        ProgressionModel.from_json(damaged)
