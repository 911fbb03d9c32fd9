"""Races: everybody in turns, laggards out; and the peak that rows divide by."""

import time
from contextlib import contextmanager

import pytest

from lstm_music.bench.timing import Contender, peak_gflops, race


def sleeper(seconds):
    return Contender(lambda: time.sleep(seconds))


def test_times_are_of_one_piece_of_work():
    times = race(Contender(lambda: time.sleep(0.02), repeats=10), {}, 0)
    assert 0.002 <= times["ours"].best < 0.01


def test_everybody_runs_even_with_no_time_to_spend():
    times = race(sleeper(0), {"a": sleeper(0), "b": sleeper(0.1)}, 0)
    assert all(t.seconds for t in times.values())
    assert times["b"].best >= 0.1


def test_a_setting_that_lags_drops_out_and_ours_never_does():
    rivals = {"quick": sleeper(0.04), "slow": sleeper(0.07), "hopeless": sleeper(0.3)}
    times = race(sleeper(0.05), rivals, 1.5)
    assert len(times["hopeless"].seconds) == 1
    assert 2 <= len(times["slow"].seconds) < len(times["quick"].seconds)
    assert len(times["ours"].seconds) >= 3


def test_turns_alternate_and_settings_hold_only_for_their_turn():
    log = []

    @contextmanager
    def setting():
        log.append("on")
        yield
        log.append("off")

    rival = Contender(lambda: time.sleep(0.04), setting)
    race(Contender(lambda: (log.append("ours"), time.sleep(0.04))), {"rival": rival}, 0.1)
    assert log[:6] == ["ours", "on", "off", "ours", "on", "off"]


@pytest.mark.parametrize("threads", [1, 2])
def test_the_peak_never_falls_in_a_run(threads):
    first = peak_gflops(0, threads, 0.02)
    assert first > 0
    assert peak_gflops(0, threads, 0.02) >= first
