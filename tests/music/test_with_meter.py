"""A meter and pickup that somebody chose overrule the file and what the notes suggest."""

import numpy as np
import pytest
from paths import MIDI_DATA

from lstm_music.errors import ConfigError
from lstm_music.midi.read import read_midi
from lstm_music.music.listening.rhythm import infer_meter, with_meter
from lstm_music.music.meter import Meter, parse_pickup_steps
from lstm_music.music.piece import Piece, Tempo, Track, make_notes


def waltz(**changes):
    return read_midi(MIDI_DATA / "waltz.mid").replace(meters=(Meter(0, 4, 4),), **changes)


def test_a_chosen_meter_overrules_what_the_notes_suggest():
    for piece in (waltz(), infer_meter(waltz()), waltz(unstated=frozenset({"meter"}))):
        chosen = with_meter(piece, Meter(0, 4, 4), 24)
        assert (chosen.meters, chosen.pickup_steps) == ((Meter(0, 4, 4),), 24)
        assert "meter" not in chosen.unstated
        assert not chosen.repairs
        assert infer_meter(chosen) is chosen


def test_a_chosen_four_four_is_not_overruled():
    for piece in (waltz(), waltz(unstated=frozenset({"meter"}))):
        chosen = with_meter(piece, Meter(0, 4, 4))
        assert chosen.meters == (Meter(0, 4, 4),)
        assert infer_meter(chosen) is chosen


def test_later_meters_of_the_file_go_with_a_chosen_one():
    piece = read_midi(MIDI_DATA / "meter_change.mid")
    assert len(piece.meters) > 1
    chosen = with_meter(piece, Meter(960, 3, 4))
    assert chosen.meters == (Meter(0, 3, 4),)
    kept = with_meter(piece, pickup_steps=12)
    assert (kept.meters, kept.pickup_steps) == (piece.meters, 12)


def test_a_chosen_pickup_keeps_the_meter():
    open_meter = waltz(unstated=frozenset({"meter"}))
    for piece in (infer_meter(waltz()), waltz(), open_meter):
        chosen = with_meter(piece, pickup_steps=48)
        assert (chosen.meters, chosen.pickup_steps) == ((Meter(0, 3, 4),), 48)
        assert chosen.repairs == ("the meter is found in the notes: 3/4",)
        again = with_meter(chosen, pickup_steps=0)
        assert (again.pickup_steps, again.repairs) == (0, chosen.repairs)
    stated = waltz().replace(meters=(Meter(0, 3, 4),))
    assert with_meter(stated, pickup_steps=48).repairs == ()


def test_without_a_pickup_the_one_that_the_notes_clearly_have_is_found():
    piece = read_midi(MIDI_DATA / "slip_jig.mid").replace(meters=(Meter(0, 4, 4),), pickup_steps=0)
    truth = read_midi(MIDI_DATA / "slip_jig.mid")
    chosen = with_meter(piece, truth.meters[0])
    assert chosen.meters == truth.meters
    assert chosen.pickup_steps in {0, truth.pickup_steps}
    assert all("4/4" not in text for text in chosen.repairs)


def test_nothing_chosen_is_what_is_understood():
    for piece in (waltz(), infer_meter(waltz())):
        found = with_meter(piece)
        assert found == infer_meter(waltz())
        assert found.repairs == infer_meter(waltz()).repairs


def test_other_repairs_stay():
    piece = infer_meter(waltz(repairs=("a note was cut",)))
    assert with_meter(piece, Meter(0, 3, 4), 0).repairs == ("a note was cut",)


def performed():
    """At a wandering tempo, saved by a program that thinks it is 120."""
    rng = np.random.default_rng(3)
    seconds = np.cumsum(0.61 + 0.03 * np.sin(np.arange(160) / 9)) + rng.normal(0, 0.008, 160)
    rows = [(round(s * 48), 20, 50 + 7 * (i % 3), 80, 0) for i, s in enumerate(seconds)]
    return Piece(notes=make_notes(rows), tracks=(Track(),), length_steps=rows[-1][0])


def test_a_performance_is_put_on_its_beats_first():
    chosen = with_meter(performed(), Meter(0, 3, 4), 0)
    assert chosen.tempos != (Tempo(0),)
    assert (chosen.meters, chosen.length_steps) == ((Meter(0, 3, 4),), 0)
    assert any("not played to the beats" in text for text in chosen.repairs)


def test_a_performance_whose_bars_are_settled_stays_where_it_is():
    settled = performed().replace(settled_bars=(performed().meters, 0))
    assert np.array_equal(with_meter(settled, Meter(0, 3, 4), 0).notes, settled.notes)


@pytest.mark.parametrize("steps", [-1, 72, 100])
def test_a_pickup_is_shorter_than_a_bar(steps):
    with pytest.raises(ConfigError, match="shorter than a bar of 3/4"):
        with_meter(waltz(), Meter(0, 3, 4), steps)


def test_the_length_stays_while_it_is_on_a_bar_line():
    piece = waltz(length_steps=576)
    assert with_meter(piece, Meter(0, 3, 4), 0).length_steps == 576
    assert with_meter(piece, Meter(0, 5, 4), 0).length_steps == 0
    assert with_meter(piece, Meter(0, 3, 4), 24).length_steps == 0
    assert infer_meter(piece).length_steps == 576
    assert infer_meter(waltz(length_steps=384)).length_steps == 0


def test_an_empty_piece_takes_a_meter():
    assert with_meter(Piece(), Meter(0, 7, 8), 12).pickup_steps == 12


@pytest.mark.parametrize(
    ("text", "steps"), [("1/8", 12), ("2/4", 48), (" 3 / 8 ", 36), ("0", 0), ("1/12", 8)]
)
def test_a_pickup_as_a_fraction_of_a_whole_note(text, steps):
    assert parse_pickup_steps(text) == steps


@pytest.mark.parametrize("text", ["", "1", "1/0", "-1/8", "1/64", "a/8", "1/8/2", "0.5", "²/4"])
def test_what_is_no_pickup(text):
    with pytest.raises(ConfigError, match="a pickup must be"):
        parse_pickup_steps(text)


def test_a_meter_of_odd_digits_is_a_plain_error():
    with pytest.raises(ConfigError):
        Meter.parse("²/4")
