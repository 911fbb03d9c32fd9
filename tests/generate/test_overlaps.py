"""New notes beside given ones of the same key."""

from itertools import pairwise

import numpy as np
import pytest
from small_composers import random_composer
from smf_bytes import END, smf
from smf_player import play

import lstm_music as lm
from lstm_music.generate.overlaps import (
    clear_of,
    keyboards_of,
    with_old_pitches,
    without_unisons,
)
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


def hands(*channels, meet=True):
    """Eight bars of one hand a channel, that cross all the time and may meet on a key."""
    chunks = []
    for i, channel in enumerate(channels):
        keys = [0x3C + (n * (2 + i) if meet else n * 2 + i) % 5 for n in range(128)]
        notes = [f" 00 9{channel} {key:02X} 50 18 8{channel} {key:02X} 40" for key in keys]
        chunks.append("".join(notes) + END)
    return smf(*chunks)


def test_tracks_of_one_channel_share_a_keyboard():
    assert keyboards_of(lm.read(hands(0, 1))).tolist() == [0, 1]
    assert keyboards_of(lm.read(hands(0, 0))).tolist() == [0, 0]


@pytest.mark.parametrize("rng_seed", range(3))
@pytest.mark.parametrize("task", ["generate", "infill", "vary"])
def test_no_key_of_a_channel_is_struck_while_it_sounds(task, rng_seed):
    """Of notes that are all new, whatever hand they are of."""
    # Some notes of a kept rhythm keep their pitch, too: the seed must not strike a key twice.
    seed = hands(0, 0, meet=task != "vary")
    asked = {"generate": {"bars": 4}, "infill": {"bars": (1, 8)}, "vary": {"keep": "rhythm"}}
    composer, more = random_composer(), {"pitch_range": "60-63", "rng_seed": rng_seed}
    made = getattr(composer, task)(lm.read(seed), **asked[task], **more)
    heard = [note for note in play(to_midi_bytes(made)) if task != "generate" or note.tick >= 3072]
    assert len(heard) > 10
    assert not clashes(heard)


def clashes(heard):
    """Pitch and ticks of each two notes of which one begins while the other holds its key."""
    heard = sorted(heard, key=lambda note: (note.pitch, note.tick))
    return {
        (one.pitch, one.tick, other.tick)
        for one, other in pairwise(heard)
        if one.pitch == other.pitch and not one.tick < one.end <= other.tick
    }


@pytest.mark.parametrize("rng_seed", range(3))
def test_hands_of_a_kept_rhythm_meet_only_where_they_met_in_the_seed(rng_seed):
    """Two notes of the seed that strike a key at once may both keep their pitch."""
    seed = hands(0, 0)
    asked = {"keep": "rhythm", "pitch_range": "60-63", "rng_seed": rng_seed}
    heard = play(to_midi_bytes(random_composer().vary(lm.read(seed), **asked)))
    was = play(seed)
    assert len(heard) == len(was)
    assert clashes(heard) < clashes(was)


def kept(notes, pitches, given=(), keyboards=ONE):
    found, is_old = with_old_pitches(
        make_notes(notes), np.array(pitches, np.uint8), make_notes(given), keyboards
    )
    return found["pitch_midi"].tolist(), is_old.tolist()


def test_a_rhythm_that_is_kept_keeps_a_pitch_rather_than_lose_a_note():
    """Where the new key is held, struck soon, or struck by the other hand."""
    note = (24, 24, 60, 80, 0)
    assert kept([note], [50]) == ([60], [False])
    for given in ((0, 48, 60, 80, 1), (40, 9, 60, 80, 0), (24, 9, 60, 80, 1)):
        assert kept([note], [50], [given]) == ([50], [True])
    assert kept([note, (24, 24, 60, 80, 1)], [50, 51]) == ([60, 51], [False, True])
    # What keeps its old pitch may be in the way of another.
    three = [note, (24, 24, 60, 80, 1), (36, 24, 51, 80, 0)]
    assert kept(three, [50, 51, 52]) == ([60, 51, 52], [False, True, True])
    # Two that struck one key in the seed do so again rather than lose one.
    assert kept([note, (24, 24, 60, 80, 1)], [60, 60]) == ([60, 60], [True, True])


@pytest.mark.parametrize(("timing", "is_old"), [(0, False), (-2, True)])
def test_where_steps_are_not_exact_a_key_must_be_free_for_a_step_more(timing, is_old):
    note, given = (24, 24, 60, 80, 0, timing), (0, 24, 60, 80, 0, 0)
    assert kept([note], [50], [given])[1] == [is_old]
    assert kept([note], [50], [(49, 24, 60, 80, 0, 0)])[1] == [False]


@pytest.mark.parametrize("rng_seed", range(3))
def test_a_kept_rhythm_loses_no_note(rng_seed):
    """Among long notes of few keys, half of which stay."""
    rows = [
        (12 * i + track, 30, 60 + (i + 2 * track) % 4, 80, track)
        for i in range(64)
        for track in (0, 1)
    ]
    seed = lm.read(hands(0, 0))
    seed = seed.replace(notes=make_notes(rows))
    asked = {"keep": "rhythm", "amount": 0.5, "pitch_range": "60-64", "rng_seed": rng_seed}
    made = random_composer().vary(seed, **asked)
    names = ["onset_steps", "duration_steps", "track", "velocity"]
    assert sorted(made.notes[names].tolist()) == sorted(seed.notes[names].tolist())
    assert not np.array_equal(made.notes, seed.notes)
