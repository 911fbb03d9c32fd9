"""A real Dask cluster of two worker processes makes the very same cache."""

import os
import re
import shutil
import subprocess
import sys
import time

import pytest
from paths import MIDI_DATA

from lstm_music import __version__
from lstm_music.cli.main import run
from lstm_music.corpus.building.executors import _check_workers, executor
from lstm_music.errors import ConfigError, LstmMusicError

distributed = pytest.importorskip("distributed", reason="needs the package distributed")


def contents(cache):
    return {path.name: path.read_bytes() for path in cache.iterdir()}


TASKS = """
import os, time
from lstm_music.errors import ConfigError

def slow_pid(_):
    time.sleep(0.2)
    return os.getpid()

def fail_at_seven(number):
    if number == 7:
        raise ConfigError("seven")
    return number
"""


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """HOST:PORT of a scheduler with two single-threaded worker processes."""
    folder = tmp_path_factory.mktemp("dask")
    (folder / "corpus_tasks.py").write_text(TASKS)
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = os.environ | {"PYTHONPATH": path}
    started = []

    def start(module, log, *args):
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", *args]
        with (folder / log).open("wb") as file:
            started.append(subprocess.Popen(command, stdout=file, stderr=file, cwd=folder, env=env))

    start("dask_scheduler", "scheduler.log", "--host", "127.0.0.1", "--port", "0")
    try:
        address = _address(folder / "scheduler.log")
        for i in range(2):
            start("dask_worker", f"{i}.log", f"tcp://{address}", "--nthreads", "1", "--no-nanny")
        with distributed.Client(f"tcp://{address}", set_as_default=False) as client:
            client.wait_for_workers(2, timeout=120)
        sys.path.append(str(folder))
        yield address
        sys.path.remove(str(folder))
    finally:
        for process in started:
            process.kill()
            process.wait(timeout=30)


def _address(log):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if found := re.search(r"Scheduler at:\s+tcp://(\S+)", log.read_text()):
            return found.group(1)
        time.sleep(0.1)
    raise AssertionError("the scheduler did not start: " + log.read_text())


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    for i in range(6):
        (folder / str(i)).mkdir()
        for path in MIDI_DATA.glob("*.mid"):
            shutil.copy2(path, folder / str(i))
    (folder / "bad.mid").write_bytes(b"MThd")
    return folder


def test_two_dask_workers_make_the_same_cache(scheduler, music, tmp_path, capfd):
    here, there = tmp_path / "here", tmp_path / "there"
    assert run(["corpus", "build", str(music), "-o", str(here), "--jobs", "1"]) == 0
    args = ["corpus", "build", str(music), "-o", str(there), "--executor", f"dask://{scheduler}"]
    assert run(args) == 0, capfd.readouterr().err
    assert contents(here) == contents(there)


def test_both_workers_work(scheduler):
    from corpus_tasks import slow_pid

    with executor(f"dask://{scheduler}") as run_all:
        pids = set(run_all(slow_pid, range(20)))
    assert len(pids) == 2


def test_a_failure_on_a_worker_comes_home(scheduler):
    from corpus_tasks import fail_at_seven

    with executor(f"dask://{scheduler}") as run_all, pytest.raises(LstmMusicError, match="seven"):
        list(run_all(fail_at_seven, range(9)))


class Client:
    """Answers as Dask's client does when it has run a function on all workers."""

    def __init__(self, answers):
        self._answers = answers

    def run(self, function, on_error):
        assert on_error == "return"
        return self._answers


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({}, "has no workers"),
        ({"tcp://a": ModuleNotFoundError("lstm_music")}, "ModuleNotFoundError"),
        ({"tcp://a": __version__, "tcp://b": "0.0.0"}, "tcp://b answers '0.0.0'"),
    ],
)
def test_workers_that_cannot_work(answers, words):
    with pytest.raises(ConfigError, match=words):
        _check_workers(Client(answers), "here:1")
