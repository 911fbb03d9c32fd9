"""Which step it is by another program's clock; and that a note which is struck again rings on."""

import random

import pytest
from live_playing import clock_ticks, hanging

from lstm_music.live.clock import FollowedClock, SteadyClock
from lstm_music.live.events import Timed, note_off, note_on
from lstm_music.live.sounding import Voices
from lstm_music.live.timing import Timing

TICK = 60 / 120 / 24


def test_steps_and_seconds_are_inverse():
    clock = SteadyClock(2.0, 90, 48)
    assert clock.steps_at(2.0) == 48
    assert clock.seconds_at(48 + 24) == pytest.approx(2 + 60 / 90)
    assert clock.steps_at(clock.seconds_at(7.25)) == pytest.approx(7.25)


def test_a_clock_with_jitter_is_a_steady_one():
    rng, clock = random.Random(1), FollowedClock()
    clock.start()
    for i in range(200):
        clock.tick(5 + i * TICK + rng.gauss(0, 0.002))
    assert clock.tempo_bpm == pytest.approx(120, abs=2)
    assert clock.steps_at(5 + 199 * TICK) == pytest.approx(199, abs=0.1)
    assert clock.seconds_at(210) == pytest.approx(5 + 210 * TICK, abs=0.002)


def test_it_goes_on_where_it_stopped_and_where_it_is_told():
    clock = FollowedClock()
    clock.start()
    for i in range(100):
        clock.tick(i * TICK)
    clock.stop()
    assert not clock.is_running(99 * TICK)
    for i in range(100, 150):  # it ticks on, but the song stands still
        clock.tick(i * TICK)
    clock.resume()
    assert not clock.is_running(149 * TICK)
    clock.tick(150 * TICK)
    assert clock.is_running(150 * TICK)
    assert clock.steps_at(150 * TICK) == pytest.approx(100)
    clock.locate(960)
    clock.tick(151 * TICK)
    assert clock.steps_at(151 * TICK) == pytest.approx(960)
    clock.stop()
    clock.start()
    clock.tick(152 * TICK)
    assert clock.steps_at(152 * TICK) == pytest.approx(0)


def test_its_tempo_follows_a_change():
    clock, at = FollowedClock(), 0.0
    clock.start()
    for bpm in (120, 60):
        for _ in range(96):
            clock.tick(at)
            at += 60 / bpm / 24
    assert clock.tempo_bpm == pytest.approx(60, rel=0.01)


def test_a_given_tempo_is_moved_by_no_clock():
    timing = Timing(100.0, 96)
    timing.begin(1.0)
    for seconds, message in clock_ticks(140, 2.0, 100):
        assert not timing.take(seconds, message)
    assert not timing.is_followed
    assert timing.clock.tempo_bpm == 100


def test_nothing_begins_before_the_clock_that_is_waited_for():
    timing = Timing(None, 96, waits=True)
    timing.begin(0.0)
    assert not timing.is_running(1.0)
    for seconds, message in clock_ticks(140, 2.0, 100):
        timing.take(seconds, message)
    assert timing.is_running(2.0 + 99 * 60 / 140 / 24)


def test_a_key_struck_again_is_let_go_first_and_rings_to_its_own_end():
    voices, seconds_at = Voices(), lambda steps: steps / 10
    voices.add(0, 10, 2, 60, 80)
    voices.add(5, 20, 2, 60, 90)
    sent = voices.due(100, seconds_at)
    assert sent == [
        Timed(0.0, note_on(2, 60, 80)),
        Timed(0.5, note_off(2, 60)),
        Timed(0.5, note_on(2, 60, 90)),
        Timed(2.0, note_off(2, 60)),
    ]
    assert voices.is_idle


def test_a_tempo_that_leaps_never_puts_an_end_before_its_beginning():
    voices = Voices()
    voices.add(0, 10, 0, 60, 80)
    sent = voices.due(5, lambda steps: 8 + steps / 10)
    sent += voices.due(100, lambda steps: steps / 1000)
    assert [one.seconds for one in sent] == sorted(one.seconds for one in sent)
    assert not hanging(sent)
