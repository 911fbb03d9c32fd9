"""A file has finer ticks than a piece has steps: what keeps its rhythm keeps its ticks."""

import numpy as np
import pytest
from small_composers import random_composer
from smf_bytes import END, smf
from smf_events import list_events

import lstm_music as lm
from lstm_music.midi.write import to_midi_bytes

_DELTAS = [83, 0, 91, 118, 117, 0, 2, 121, 97, 143]
"""Ticks between onsets at 480 a quarter note: on no 96th of it, two and three of them at once."""


def played():
    """Some bars of notes of 70 to 76 ticks."""
    events, at = [], 0
    for i in range(80):
        at += _DELTAS[i % 10]
        pitch = 60 + i % 7
        events += [(at, 1, f"90 {pitch:02X} 50"), (at + 70 + i % 7, 0, f"80 {pitch:02X} 40")]
    events.sort(key=lambda event: event[:2])
    deltas = np.diff([0, *(at for at, _, _ in events)])
    text = " ".join(
        f"{delta // 128 + 128:02X} {delta % 128:02X} {event[2]}"
        for delta, event in zip(deltas, events)
    )
    return smf(text + END, division=480)


def strokes(data):
    """Tick and kind of each event of a note."""
    (events,) = list_events(data).tracks
    return sorted((tick, event[0]) for tick, event in events if event[0] >> 4 in (8, 9))


def test_a_note_of_another_pitch_or_loudness_stands_where_the_old_one_stood():
    seed = lm.read(played())
    notes = seed.notes.copy()
    notes["pitch_midi"] += 12
    notes["velocity"][::2] += 1
    assert strokes(to_midi_bytes(seed.replace(notes=notes))) == strokes(played())


def test_so_it_does_where_a_later_chunk_presses_a_pedal():
    """Other new notes begin a tick later there, to be heard with it."""
    pedal = "".join(f" 53 B0 40 {127 * (i % 2):02X}" for i in range(20))
    first = " 53 90 3C 50 40 80 3C 40 13 90 3E 50 40 80 3E 40" * 10
    data = smf(first + END, pedal + END, division=480)
    seed = lm.read(data)
    notes = seed.notes.copy()
    notes["pitch_midi"] += 12
    made = [list_events(one).tracks[0] for one in (data, to_midi_bytes(seed.replace(notes=notes)))]
    ticks = [[tick for tick, event in one if event[0] == 0x90] for one in made]
    assert ticks[0] == ticks[1]


def test_a_note_that_is_moved_stands_on_its_step():
    seed = lm.read(played())
    notes = seed.notes.copy()
    notes["onset_steps"][-1] += 24
    moved = [on for on in strokes(to_midi_bytes(seed.replace(notes=notes))) if on[1] == 0x90]
    assert moved[-1][0] == 5 * (4 * notes["onset_steps"][-1] + notes["timing_96ths"][-1])


@pytest.mark.parametrize("rng_seed", range(3))
def test_a_rhythm_that_is_kept_stands_tick_by_tick(rng_seed):
    seed = lm.read(played())
    made = random_composer().vary(seed, keep="rhythm", rng_seed=rng_seed, pitch_range="40-90")
    assert {on for on in strokes(to_midi_bytes(made)) if on[1] == 0x90} <= set(strokes(played()))
    assert len(made.notes) == len(seed.notes)
