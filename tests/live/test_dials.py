"""Knobs: every control that a player can set is turned by one, learnt, and kept."""

import json

import pytest

import lstm_music as lm
from lstm_music.generate.asking.request import CONTROLS
from lstm_music.generate.streaming import CHANGEABLE
from lstm_music.live.dials import PLAYABLE, Dials, Knob
from lstm_music.live.events import ControlEvent

VALUES = {
    "style": ("folk", "chorale"),
    "scale": ("C major", "D dorian", "A minor"),
    "chords": ("C | G", "Am | F"),
}


def knob_for(name):
    values = VALUES.get(name) or ()
    end = ".low" if CONTROLS[name].kind.startswith("range") else ""
    return Knob(f"{name}{end}", 1, 20, values=values)


@pytest.mark.parametrize("name", PLAYABLE)
def test_a_knob_turns_every_playable_control_from_end_to_end(name):
    dials = Dials()
    dials.knobs = [knob_for(name)]
    found = [dials.turn(ControlEvent(0, 20, place))[name] for place in range(128)]
    assert len({repr(value) for value in found}) > 1
    for value in found:
        CONTROLS[name].parse(value)
    assert dials.values[name] == found[-1]
    assert dials.turn(ControlEvent(1, 20, 5)) is None  # another channel


def test_every_control_of_a_stream_is_playable():
    assert set(CHANGEABLE) <= set(PLAYABLE)


def test_the_ends_of_a_range_do_not_cross():
    dials = Dials({"pitch_range": "48-72"})
    dials.knobs = [Knob("pitch_range.low", 0, 20), Knob("pitch_range.high", 0, 21)]
    assert dials.turn(ControlEvent(3, 20, 60)) == {"pitch_range": (60, 72)}
    assert dials.turn(ControlEvent(3, 21, 50)) == {"pitch_range": (50, 50)}
    assert dials.turn(ControlEvent(3, 20, 90)) == {"pitch_range": (90, 90)}


def test_a_knob_is_learnt_and_kept(tmp_path):
    path = tmp_path / "deep" / "knobs.json"
    dials = Dials(path=path)
    dials.learn("temperature")
    dials.learn("scale", ("C major", "D dorian"))
    assert dials.learning == "temperature"
    assert dials.turn(ControlEvent(0, 64, 127)) is None  # the pedal is no knob
    assert dials.turn(ControlEvent(2, 30, 127)) == {"temperature": 1.5}
    assert dials.turn(ControlEvent(2, 31, 127)) == {"scale": "D dorian"}
    assert dials.learning is None
    again = Dials(path=path)
    assert again.knobs == dials.knobs
    assert again.turn(ControlEvent(2, 30, 0)) == {"temperature": 0.5}
    assert again.turn(ControlEvent(2, 31, 0)) == {"scale": "C major"}
    again.learn("density")
    assert again.turn(ControlEvent(2, 30, 127)) == {
        "density": 16
    }  # it turns that alone from now on
    assert [knob.control for knob in Dials(path=path).knobs] == ["scale", "density"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("scale", 1, 20), "scale is text"),
        (("pitch_range", 1, 20), "pitch_range.low or pitch_range.high"),
        (("temperature.low", 1, 20), "of a range"),
        (("temperature", 1, 64), "a meaning of its own"),
        (("temperature", 17, 20), "a channel of 1..16"),
        (("n", 1, 20), "n cannot be set while playing"),
        (("temprature", 1, 20), "did you mean temperature"),
    ],
)
def test_a_knob_that_cannot_be_is_refused(asked, message):
    with pytest.raises(lm.ConfigError, match=message):
        Knob(*asked)


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"knobs": [{"control": "temperature"}]}', '{"knobs": 3}']
)
def test_a_file_without_knobs_is_refused_with_what_is_expected(tmp_path, text):
    path = tmp_path / "knobs.json"
    path.write_text(text)
    with pytest.raises(lm.ConfigError, match="expected"):
        Dials(path=path)


def test_a_value_taken_back_is_the_default():
    dials = Dials({"temperature": 0.7})
    assert dials.set("temperature", None) == {"temperature": None}
    assert dials.values == {}
    assert json.dumps(dials.values) == "{}"
