"""Takes that are told as they are written are those that come all at once."""

import pytest
from paths import MIDI_DATA
from small_composers import PLAIN, random_composer

import lstm_music as lm
from lstm_music.generate.asking.schema import schema

COMPOSER = random_composer(4, met=PLAIN)
REEL, CHORALE = MIDI_DATA / "reel.mid", MIDI_DATA / "chorale.mid"

REQUESTS = {
    "nothing": {"bars": 4, "meter": "4/4", "with_": "piano"},
    "form": {"bars": 8, "meter": "4/4", "form": "AABA", "with_": "piano"},
    "continued": {"seed": REEL, "bars": 2},
    "infilled": {"task": "infill", "seed": REEL, "bars": (3, 4)},
    "ranked": {"task": "infill", "seed": CHORALE, "bars": (2, 2), "rank": "difference"},
    "accompanied": {"task": "accompany", "seed": REEL, "with_": "bass"},
    "varied": {"task": "vary", "seed": REEL, "keep": "rhythm", "amount": 0.5},
}


@pytest.mark.parametrize("name", REQUESTS)
def test_takes_one_by_one(name):
    request = lm.Request(**REQUESTS[name], n=3, rng_seed=7, threads=1)
    told = []
    takes = COMPOSER.complete(request, on_take=told.append)
    together = COMPOSER.complete(request)
    assert [take.piece for take in takes] == [take.piece for take in together]
    assert [take.nats_a_note for take in takes] == [take.nats_a_note for take in together]
    assert {id(take) for take in told} == {id(take) for take in takes}
    assert len(told) == 3


def test_takes_in_two_goes():
    """A network that has met pitched tracks and drums, but never together."""
    ask = {"task": "accompany", "seed": REEL, "with_": "bass,drums", "n": 2}
    told = []
    takes = COMPOSER.complete(lm.Request(**ask, rng_seed=3), on_take=told.append)
    assert [take.piece for take in told] == [take.piece for take in takes]
    assert len(told) == 2


def test_by_track_controls_as_json_says_them():
    asked = {"1": [60, 84], "0": "36-60"}
    request = lm.Request("infill", REEL, bars=5, pitch_range=asked)
    assert request.pitch_range == {1: (60, 84), 0: (36, 60)}
    for wrong in ({"one": [60, 84]}, {"-1": [60, 84]}, {"1.5": 4}):
        with pytest.raises(lm.ConfigError, match="number of the track"):
            lm.Request("infill", REEL, bars=5, pitch_range=wrong)


def test_the_schema_says_what_json_may_hold():
    found = schema()["properties"]
    assert found["pitch_range"]["anyOf"][0]["anyOf"][0]["items"]["maximum"] == 127
    assert found["temperature"]["type"] == "number"
    assert found["playable"] | {"description": ""} == {
        "type": "boolean",
        "default": False,
        "description": "",
        "x-kind": "switch",
        "x-group": "Rules (kept exactly)",
        "x-tasks": ["generate", "infill", "accompany", "vary"],
    }
