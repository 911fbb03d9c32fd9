"""What is told of the current track's past, and of repeats, against a plain reference."""

import numpy as np
import pytest
from hypothesis import assume, given
from memory_reference import own, repeats
from paths import MIDI_DATA
from token_strategies import examples, pieces

from lstm_music.midi.read import read_midi
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT, MOST_IN_CHORD

NAMES = [name for name, _ in DEFAULT.streams]
FIRST = NAMES.index("own_low")
LAST_OWN = NAMES.index("match_token")


def values(rows):
    """The streams from ``own_low`` on by name, those that are not 0."""
    told = np.asarray(rows) - DEFAULT.stream_offsets
    return {NAMES[i]: int(told[i]) for i in range(FIRST, len(NAMES)) if told[i]}


def assert_told(tokens, places=12):
    """At some places, for the reference starts anew at each."""
    rows = annotate(tokens)
    for i in np.unique(np.linspace(0, len(tokens) - 1, places).astype(int)):
        so_far = tokens[: i + 1]
        expected = {name: value for name, value in own(so_far).items() if value}
        assert values(rows[i]) == expected | repeats(so_far), i


@given(pieces())
@examples(40)
def test_any_piece(piece):
    piece = canonical(piece)
    assume(len(piece.notes))
    assert_told(encode(piece))


@pytest.mark.parametrize("name", ["band", "chorale", "drums", "pickup", "reel"])
def test_real_music(name):
    tokens = encode(canonical(read_midi(MIDI_DATA / f"{name}.mid")))
    assert_told(tokens[:500], places=60)


def test_it_tells_of_repeats_and_of_each_track():
    tokens = encode(canonical(read_midi(MIDI_DATA / "band.mid")))
    told = annotate(tokens) - DEFAULT.stream_offsets
    for i in range(FIRST, len(NAMES)):
        assert len(np.unique(told[:, i])) > 2, NAMES[i]
        assert 0 <= told[:, i].min() and told[:, i].max() < DEFAULT.stream_sizes[i]
    right = told[:-1, NAMES.index("match_token")] == tokens[1:] + 1
    assert right.mean() > 0.5


def test_a_copy_goes_on_alone():
    tokens = encode(canonical(read_midi(MIDI_DATA / "reel.mid")))
    rows = annotate(tokens)
    one, other = Automaton(len(tokens)), Automaton(len(tokens) + 7)
    half = len(tokens) // 2
    one.extend(tokens[:half])
    assert other.copy_from_py(one) == 0
    one.extend(tokens[half:])
    for i in range(half, len(tokens)):
        other.advance_py(int(tokens[i]))
        assert np.array_equal(other.rows_py(), rows[i])
    one.reset_py()
    one.extend(tokens[:half])
    assert np.array_equal(one.rows_py(), rows[half - 1])


def test_a_copy_without_the_room_changes_nothing():
    tokens = encode(canonical(read_midi(MIDI_DATA / "reel.mid")))
    full, small = Automaton(len(tokens)), Automaton(2)
    full.extend(tokens)
    small.extend(tokens[:12])
    before = small.rows_py()
    assert small.copy_from_py(full) == -2
    assert np.array_equal(small.rows_py(), before)


def test_sizes():
    sizes = dict(DEFAULT.streams)
    assert sizes["own_count"] == MOST_IN_CHORD + 1
    assert sizes["match_token"] == sizes["moved_token"] == DEFAULT.n_tokens + 1
