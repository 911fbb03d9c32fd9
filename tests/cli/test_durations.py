"""Durations on the command line."""

import pytest
from paths import MIDI_DATA

from lstm_music.cli.durations import Duration, parse_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("4m", 240),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1h 30m 5s", 5405),
        ("1.5m", 90),
        (".5h", 1800),
        ("1d", 86_400),
        ("0", 0),
        ("0.01", 0.01),
        ("1e3", 1000),
        ("2H", 7200),
    ],
)
def test_what_is_understood(text, seconds):
    assert parse_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", " ", "m", "-5", "4x", "30m1h", "4mm", "1h30", "nan", "inf", "1e999", "4,5m", "s4"]
)
def test_what_is_not(text):
    with pytest.raises(ValueError, match="duration"):
        parse_seconds(text)


def test_a_number_alone_counts_what_the_option_says():
    assert Duration("m").convert("2", None, None) == 2.0
    assert Duration("m").convert("90s", None, None) == 1.5
    assert Duration("m").convert("1h", None, None) == 60.0
    assert Duration().convert("2", None, None) == 2.0
    assert Duration().convert(10.0, None, None) == 10.0  # a default


@pytest.mark.parametrize(
    "option", ["--for=0", "--for=soon", "--time-limit=1x", "--sample-minutes=x"]
)
def test_a_wrong_duration_is_a_usage_error(call, option):
    code, _, err = call("train", MIDI_DATA, "-o", "m.safetensors", option)
    assert code == 2
    assert "duration" in err
