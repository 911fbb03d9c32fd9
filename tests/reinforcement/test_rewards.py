"""Each reward prefers what it is named for, on pieces where a listener agrees."""

import numpy as np
import pytest
from paths import MIDI_DATA
from small_melodies import melody

from lstm_music.errors import ConfigError
from lstm_music.midi.files import read
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.reinforcement.rewards import REWARDS
from lstm_music.reinforcement.taste import Taste, parse_reward

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def score(name, piece):
    (value,) = Taste.of({name: 1}).scores(piece).values()
    return value


def chords(*rows):
    """Notes (onset in quarters, quarters, pitch) on one piano."""
    notes = make_notes([(24 * o, 24 * d, p, 80, 0) for o, d, p in rows])
    piece = Piece(notes=notes, tracks=(Track(),))
    return piece.replace(length_steps=-(-piece.end_steps // 96) * 96)


def two_voices(upper, lower):
    rows = [(24 * i, 24, p, 80, t) for t, line in enumerate((upper, lower)) for i, p in
            enumerate(line)]  # fmt: skip
    return Piece(notes=make_notes(rows), tracks=(Track(), Track()))


@pytest.mark.parametrize(
    ("name", "piece", "expected"),
    [
        ("in_key", melody(SCALE), 1.0),
        ("in_key", melody((60, 61, 62, 63)), 0.5),
        ("in_key", melody((69, 71, 72, 80), key="A minor"), 1.0),  # harmonic minor
        ("resolves_leaps", melody((60, 67, 65, 72, 74)), 0.5),  # one turns back, one goes on
        ("resolves_leaps", melody((60, 67, 65)), 1.0),
        ("resolves_leaps", melody((60, 67)), 0.0),  # left hanging
        ("resolves_leaps", melody(SCALE), 0.5),  # no leap
        ("stepwise", melody((60, 62, 62, 67)), 1 / 3),
        ("few_repeats", melody((60, 60, 60, 60, 62)), 3 / 5),
        ("few_repeats", melody((60, 60, 62, 60, 60)), 1.0),
        ("motif_returns", melody((60, 62, 64, 65, 67, 69, 71, 72) * 2), 2 / 3),
        ("motif_returns", melody(SCALE[:4] * 3), 0.0),  # nothing but returns
        ("ends_on_tonic", melody((64, 62, 60)), 1.0),
        ("ends_on_tonic", melody((60, 62, 64)), 0.0),
        ("unique_peak", melody((60, 72, 60)), 1.0),
        ("unique_peak", melody((72, 60, 72)), 0.0),
        ("strong_beats", melody((60,), steps=96), 1.0),
        ("strong_beats", melody((60, 62, 64, 65)), (1 + 1 / 4 + 1 / 2 + 1 / 4) / 4),
        ("even_rhythm", melody(SCALE), 1.0),
        ("no_parallels", two_voices((67, 69, 71, 72), (60, 62, 64, 65)), 0.0),
        ("no_parallels", two_voices((67, 69, 71, 72), (64, 60, 55, 52)), 1.0),
        ("density:4", melody(SCALE), 1.0),
        ("density:8", melody(SCALE), 0.5),
        ("polyphony", chords((0, 4, 60), (0, 4, 64)), 1.0),
        ("polyphony:1", chords((0, 4, 60), (0, 4, 64)), 0.0),
    ],
)  # fmt: skip
def test_a_reward_is_what_its_help_says(name, piece, expected):
    assert score(name, piece) == pytest.approx(expected)


@pytest.mark.parametrize("name", REWARDS)
def test_a_reward_is_a_share_of_any_piece(name):
    drums = Piece(notes=make_notes([(0, 6, 36, 80, 0)]), tracks=(Track(is_drum=True),))
    for piece in (Piece(), drums, melody((60,)), read(MIDI_DATA / "chorale.mid")):
        before = piece.notes.copy()
        assert 0.0 <= score(name, piece) <= 1.0
        np.testing.assert_array_equal(piece.notes, before)
    assert REWARDS[name].help.endswith(".")


def test_a_melody_is_the_top_of_its_chords():
    assert score("stepwise", chords((0, 1, 48), (0, 1, 60), (1, 1, 36), (1, 1, 62))) == 1.0


def test_weights_are_summed_and_may_be_below_zero():
    taste = Taste.of({"in_key": 2.0, "ends_on_tonic": -0.5})
    assert taste.total(taste.scores(melody((64, 62, 60)))) == pytest.approx(1.5)
    assert str(taste) == "in_key 2, ends_on_tonic -0.5"


def test_a_function_of_the_users_own(tmp_path):
    own = tmp_path / "mine.py"
    own.write_text("def high(piece):\n    return piece.notes['pitch_midi'].mean() / 127\n")
    assert score(f"{own}:high", melody((127,))) == 1.0
    assert Taste.of({len_of_notes: 1}).scores(melody(SCALE)) == {"len_of_notes": 8.0}


def len_of_notes(piece):
    return len(piece.notes)


@pytest.mark.parametrize(
    ("rewards", "why"),
    [
        ({}, "no reward is given; there is in_key"),
        ({"inkey": 1}, "did you mean in_key"),
        ({"in_key": 0}, "leave it out"),
        ({"in_key": float("nan")}, "must not be nan"),
        ({"in_key": "much"}, "must be a number"),
        ({"in_key:3": 1}, "takes no number"),
        ({"density:x": 1}, "a number above 0"),
        ({"density:-1": 1}, "a number above 0"),
        ({"nowhere.py:f": 1}, "no such Python file"),
    ],
)
def test_what_is_no_taste_is_said(rewards, why):
    with pytest.raises(ConfigError, match=why):
        Taste.of(rewards)


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ("def f(piece:", "f", "cannot be run: SyntaxError"),
        ("x = 3", "x", "has no function 'x'"),
        ("def f(piece): return 1 / 0", "f", "failed: ZeroDivisionError"),
        ("def f(piece): return float('inf')", "f", "must be a finite number"),
    ],
)
def test_a_fault_in_the_users_file_is_told_by_name(tmp_path, text, name, why):
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(ConfigError, match=why):
        Taste.of({f"{tmp_path / 'mine.py'}:{name}": 1}).scores(melody(SCALE))


def test_a_reward_on_the_command_line():
    assert parse_reward("a.py:f=-0.5") == ("a.py:f", -0.5)
    with pytest.raises(ConfigError, match="must look like in_key=1"):
        parse_reward("in_key=much")
