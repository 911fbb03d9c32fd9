"""What excludes each other is said before composing, in one sentence, with what could be asked."""

import pytest
from paths import MIDI_DATA
from small_composers import random_composer

import lstm_music as lm
from lstm_music.errors import ConfigError
from lstm_music.generate.asking.request import Request
from lstm_music.generate.complete import get_ready

REEL = lm.read(MIDI_DATA / "reel.mid")
ENGINE = random_composer(1)._engine
VARY = {"bars": (1, 2), "task": "vary"}
RHYTHM, PITCH = VARY | {"keep": "rhythm"}, VARY | {"keep": "pitch"}

CASES = [
    ({"min_duration": "1/2", "max_duration": "1/4"}, "min_duration must be at most max_duration"),
    ({"min_density": 5, "max_density": 2}, "min_density must be at most max_density"),
    ({"min_density": {1: 5}, "max_density": 2}, "min_density must be at most max_density"),
    ({"pitch_range": {2: (60, 70)}}, "pitch_range is asked for track 2.* written in track 1"),
    ({"density": {3: 4}}, "density is asked for track 3"),
    ({"scale": "C E", "pitch_range": (61, 63)}, "no pitch is left in track 1 by scale and pitch"),
    ({"playable": True, "pitch_range": (0, 10)}, "no pitch is left in track 1 by pitch_range and"),
    ({"grid": "1/4", "min_density": 5}, "min_density must be 0..4"),
    ({"max_polyphony": 1, "min_duration": "1/2", "min_density": 3}, "min_density must be 0..2"),
    ({"min_duration": "8/1"}, "min_duration must be at most 192"),
    ({"rests": False, "max_density": 2, "max_duration": "1/4"}, "raise max_density or max_dur"),
    ({"rests": False, "max_density": 0}, "max_density must be 1 or more"),
    ({"chords": "C", "scale": "D F A"}, "no tone of C is left in track 1"),
    ({"bars": (90, 91)}, "the piece has 16 bars"),
    ({"tracks": "9"}, "there is no track '9'; the tracks are 1 \\("),
    ({"bars": None}, "bars or tracks must be given to infill"),
    ({"chords": "seed"}, "no chord symbols"),
    (VARY, "keep must be given to vary"),
    *((RHYTHM | {name: value}, f"{name} cannot be asked where the rhythm") for name, value in (
        ("grid", "1/8"), ("min_duration", "1/8"), ("max_duration", "1/8"), ("min_density", 1),
        ("max_density", 9), ("density", 2), ("polyphony", 1), ("duration", 1),
    )),
    (RHYTHM | {"rests": False}, "rests cannot be refused where the rhythm"),
    *((PITCH | {name: value}, f"{name} cannot be asked where the pitches") for name, value in (
        ("scale", "C major"), ("pitch_range", (0, 99)), ("chords", "C"), ("register", 60),
        ("max_polyphony", 3), ("max_density", 9),
    )),
    (PITCH | {"rests": False}, "rests cannot be refused where the pitches"),
    ({"task": "accompany"}, "with must be given to accompany"),
    ({"task": "accompany", "with_": "kazoo choir"}, "kazoo"),
    ({"task": "generate", "bars": 2, "from_bar": 40}, "from_bar must be"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "said"), CASES)
def test_it_says_so(asked, said):
    asked = {"task": "infill", "bars": (3, 4)} | asked
    with pytest.raises(ConfigError, match=said) as caught:
        get_ready(ENGINE, Request(seed=REEL, **asked), REEL, 1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "said"), [({"pickup": "1/8"}, "pickup is for a seed"), ({"beam": 2}, "beam is for")]
)
def test_from_nothing_what_is_for_a_seed_is_refused(asked, said):
    with pytest.raises(ConfigError, match=said):
        random_composer(1).complete(Request(bars=1, **asked))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"from_bar": 2}, "from_bar is for generate"),
        ({"with_": "drums"}, "with_ is for accompany and generate"),
        ({"key": "C major"}, "key is for generate"),
        ({"temperature": 0}, "temperature must be 0.001..100"),
        ({"n": 0}, "n must be"),
        ({"pitch_range": "80-60"}, "the lower end first"),
        ({"grid": "1/7"}, "note value"),
        ({"rank": "best"}, "one of drawn"),
        ({"min_density": "1:x"}, "min_density must be"),
    ],
)
def test_a_request_refuses_what_has_no_place_or_is_out_of_range(asked, said):
    with pytest.raises(ConfigError, match=said):
        Request("infill", REEL, bars=(1, 2), **asked)
