"""How many threads are started, also where the system does not tell."""

import os
import threading

import pytest

from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.workspace import in_threads, usable_cores


def test_cores_are_those_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 9}, raising=False)
    assert usable_cores() == CpuBackend().n_threads == 3


def test_macos_and_windows_tell_only_how_many_there_are(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_cores() == CpuBackend().n_threads == 6


@pytest.mark.parametrize("threads", [1, None])
def test_one_core_starts_no_thread(monkeypatch, threads):
    def refuse(_):
        raise RuntimeError("can't start new thread")  # as a browser's Python says

    monkeypatch.setattr("sys.platform", "emscripten")
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert in_threads(abs, [-2, -1, 0], threads) == [2, 1, 0]
    assert CpuBackend().n_threads == 1


def test_several_threads_keep_the_order():
    assert in_threads(abs, [-2, -1, 0], 3) == [2, 1, 0]
