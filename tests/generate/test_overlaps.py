"""New notes beside given ones of the same key."""

from itertools import pairwise

import numpy as np
import pytest
from small_composers import random_composer
from smf_bytes import END, smf
from smf_player import play

import lstm_music as lm
from lstm_music.generate.overlaps import clear_of, keyboards_of, without_unisons
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.piece import make_notes


def clear(notes, given):
    rows = clear_of(make_notes(notes), make_notes(given))
    return [tuple(map(int, row))[:3] for row in rows]


def test_one_that_touches_no_other_stays():
    notes = [(24, 24, 60, 80, 0)]
    beside = [(0, 24, 60, 80, 0), (48, 24, 60, 80, 0), (24, 24, 61, 80, 0), (24, 24, 60, 80, 1)]
    assert clear(notes, beside) == [(24, 24, 60)]


@pytest.mark.parametrize(("held", "left"), [(25, [(25, 23, 60)]), (27, [(27, 21, 60)]), (28, [])])
def test_one_on_a_held_key_waits_three_steps_at_most(held, left):
    assert clear([(24, 24, 60, 80, 0)], [(0, held, 60, 80, 0)]) == left


def test_one_that_would_be_over_before_the_key_is_free_is_left_out():
    assert clear([(24, 2, 60, 80, 0)], [(0, 26, 60, 80, 0)]) == []


def test_one_ends_where_a_given_note_begins():
    assert clear([(24, 24, 60, 80, 0)], [(40, 24, 60, 80, 0)]) == [(24, 16, 60)]


def test_one_within_a_very_long_given_note_is_left_out():
    assert clear([(9000, 24, 60, 80, 0)], [(0, 20_000, 60, 80, 0)]) == []


def test_none_is_none():
    assert clear([], [(0, 24, 60, 80, 0)]) == []
    assert clear([(0, 24, 60, 80, 0)], []) == [(0, 24, 60)]


ONE, TWO = np.array([0, 0]), np.array([0, 1])
"""Two hands on one keyboard, and on two."""


@pytest.mark.parametrize(("keyboards", "left"), [(ONE, []), (TWO, [(24, 24, 60)])])
def test_a_key_that_the_other_hand_holds_is_held(keyboards, left):
    rows = clear_of(make_notes([(24, 24, 60, 80, 0)]), make_notes([(0, 48, 60, 80, 1)]), keyboards)
    assert [tuple(map(int, row))[:3] for row in rows] == left


def test_of_two_hands_that_meet_on_a_key_one_plays_it():
    notes = make_notes(
        [(0, 12, 60, 80, 0), (0, 24, 60, 80, 1), (0, 24, 62, 80, 1), (24, 9, 60, 80, 1)]
    )
    assert without_unisons(notes, TWO).tolist() == notes.tolist()
    rows = [tuple(map(int, row))[:5] for row in without_unisons(notes, ONE)]
    assert rows == [(0, 24, 60, 80, 0), (0, 24, 62, 80, 1), (24, 9, 60, 80, 1)]


def test_a_stream_remembers_what_was_struck():
    struck = set()
    for track, n in ((0, 1), (1, 0)):
        assert len(without_unisons(make_notes([(0, 24, 60, 80, track)]), ONE, struck)) == n


def hands(*channels):
    """Eight bars of one hand a channel, that cross all the time."""
    chunks = []
    for i, channel in enumerate(channels):
        notes = [
            f" 00 9{channel} {0x3C + (n * (2 + i)) % 5:02X} 50 18 8{channel} "
            f"{0x3C + (n * (2 + i)) % 5:02X} 40"
            for n in range(128)
        ]
        chunks.append("".join(notes) + END)
    return smf(*chunks)


def test_tracks_of_one_channel_share_a_keyboard():
    assert keyboards_of(lm.read(hands(0, 1))).tolist() == [0, 1]
    assert keyboards_of(lm.read(hands(0, 0))).tolist() == [0, 0]


@pytest.mark.parametrize("rng_seed", range(3))
@pytest.mark.parametrize("task", ["generate", "infill", "vary"])
def test_no_key_of_a_channel_is_struck_while_it_sounds(task, rng_seed):
    """Of notes that are all new, whatever hand they are of."""
    seed = hands(0, 0)
    asked = {"generate": {"bars": 4}, "infill": {"bars": (1, 8)}, "vary": {"keep": "rhythm"}}
    composer, more = random_composer(), {"pitch_range": "60-63", "rng_seed": rng_seed}
    made = getattr(composer, task)(lm.read(seed), **asked[task], **more)
    heard = sorted(play(to_midi_bytes(made)), key=lambda note: (note.pitch, note.tick))
    heard = [note for note in heard if task != "generate" or note.tick >= 3072]
    assert len(heard) > 10
    for one, other in pairwise(heard):
        assert one.pitch != other.pitch or one.tick < one.end <= other.tick
