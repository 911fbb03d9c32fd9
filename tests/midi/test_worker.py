"""The process in which music21 reads: its limits, its end, and who may start it."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from paths import ROOT
from smf_bytes import END, NOTE, smf

from lstm_music.errors import ConfigError, MidiError
from lstm_music.midi.content import MIDI
from lstm_music.midi.scores import pieces, worker
from lstm_music.midi.scores.foreign import read_abc
from lstm_music.midi.scores.worker import WorkerLimits, read_in_worker

TUNE = b"X:1\nT:A tune\nM:2/4\nL:1/4\nK:C\nCE|GE|FD|C2|\n"
HANGS = smf(NOTE + " FF FF FF 7F 90 3C 40  60 80 3C 40" + END)
"""A gap of two million bars at the end of a MIDI file: music21 makes every one of them."""


@pytest.fixture(autouse=True)
def fresh():
    """No worker from another test, and none left for the next."""
    worker._state.drop()
    yield
    worker._state.drop()


def process_of_worker():
    return worker._state.worker._process


def test_one_process_reads_one_file_after_another():
    assert worker._state.worker is None
    assert read_in_worker(TUNE, ".abc")[0].title == "A tune"
    first = process_of_worker()
    assert len(read_in_worker(TUNE, ".abc")[0].notes) == 7
    assert process_of_worker() is first
    with pytest.raises(MidiError, match="no notes"):
        read_in_worker(b"X:1\nL:1/4\nK:C\nz4|\n", ".abc")
    assert process_of_worker() is first  # an honest failure costs no new process


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (WorkerLimits(cpu_seconds=1, wall_seconds=60), "longer than 1 s of processor time"),
        (WorkerLimits(cpu_seconds=60, wall_seconds=0.5), "longer than 0.5 s"),
    ],
    ids=["processor", "wall"],
)
def test_a_file_on_which_music21_hangs_is_ended_and_the_next_one_reads(limits, says):
    read_in_worker(TUNE, ".abc")
    hung = process_of_worker()
    start = time.monotonic()
    with pytest.raises(MidiError, match=says):
        read_in_worker(HANGS, MIDI, limits=limits)
    assert time.monotonic() - start < 15
    assert hung.poll() is not None
    assert len(read_in_worker(TUNE, ".abc")[0].notes) == 7


def test_memory_is_bounded():
    limits = WorkerLimits(cpu_seconds=60, address_space_bytes=300 << 20)
    book = b"X:1\nM:4/4\nL:1/8\nK:C\n" + b"CDEFGABc|" * 10_000
    with pytest.raises(MidiError, match="memory"):
        read_in_worker(book, ".abc", limits=limits)
    assert len(read_in_worker(TUNE, ".abc", limits=limits)[0].notes) == 7


@pytest.mark.parametrize("error", [MemoryError, SystemError])
def test_what_python_raises_out_of_memory_is_no_fault_of_the_file(error, monkeypatch):
    def parse(*_, **__):
        raise error

    monkeypatch.setattr(pieces, "parse_score", parse)
    with pytest.raises(error):
        pieces.score_pieces(TUNE, ".abc")


def test_a_process_that_died_between_two_files_is_replaced():
    read_in_worker(TUNE, ".abc")
    process_of_worker().kill()
    process_of_worker().wait()
    assert len(read_in_worker(TUNE, ".abc")[0].notes) == 7


def test_after_many_files_a_fresh_process_starts(monkeypatch):
    monkeypatch.setattr(worker, "FILES_PER_PROCESS", 2)
    read_in_worker(TUNE, ".abc")
    first = process_of_worker()
    read_in_worker(TUNE, ".abc")
    assert first.poll() is not None
    read_in_worker(TUNE, ".abc")
    assert process_of_worker() is not first


def test_a_host_that_is_no_python_gets_a_clear_error(monkeypatch):
    monkeypatch.setattr("multiprocessing.spawn.get_executable", lambda: b"/opt/daw/bin/daw")
    with pytest.raises(ConfigError, match=r"'/opt/daw/bin/daw'.*set_executable"):
        read_abc(TUNE.decode())


def test_a_python_that_does_not_start_is_a_clear_error(monkeypatch, tmp_path):
    monkeypatch.setattr("multiprocessing.spawn.get_executable", lambda: tmp_path / "python3")
    with pytest.raises(ConfigError, match="cannot start Python"):
        read_abc(TUNE.decode())
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "python3").chmod(0o755)
    with pytest.raises(ConfigError, match="status 3"):
        read_abc(TUNE.decode())


def run(program, **options):
    """A Python program that may use `read_abc`, `worker` and `TUNE`."""
    scores = "lstm_music.midi.scores"
    lead = f"from {scores} import worker\nfrom {scores}.foreign import read_abc\n"
    code = f"{lead}TUNE = {TUNE.decode()!r}\n{textwrap.dedent(program)}"
    options |= {"env": os.environ | {"PYTHONPATH": str(ROOT)}, "text": True}
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stderr=pipe, **options)


def ends(pid, seconds=10.0):
    """Whether a process is gone, or a zombie, before the time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            status = Path(f"/proc/{pid}/stat").read_text("ascii")
        except FileNotFoundError:
            return True
        if status.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


needs_proc = pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="looks in /proc")


@needs_proc
def test_it_ends_with_a_parent_that_is_killed_while_it_works():
    program = f"""
        worker.read_in_worker(TUNE.encode(), ".abc")
        print(worker._state.worker._process.pid, flush=True)
        worker.read_in_worker({HANGS!r}, "midi")
    """
    with run(program) as parent:
        pid = int(parent.stdout.readline())
        time.sleep(0.5)
        parent.kill()
    assert ends(pid)


@needs_proc
def test_ctrl_c_ends_the_file_in_hand_and_the_next_one_reads():
    program = f"""
        read_abc(TUNE)
        print(worker._state.worker._process.pid, flush=True)
        try:
            worker.read_in_worker({HANGS!r}, "midi")
        except KeyboardInterrupt:
            print(len(read_abc(TUNE).notes), flush=True)
    """
    with run(program, start_new_session=True) as parent:
        pid = int(parent.stdout.readline())
        time.sleep(1)
        os.killpg(parent.pid, signal.SIGINT)  # as a terminal does: parent and worker get it
        assert parent.stdout.readline().strip() == "7"
        assert ends(pid)


@needs_proc
def test_a_parent_that_handles_ctrl_c_keeps_its_worker():
    program = """
        import os, signal
        signal.signal(signal.SIGINT, lambda *_: None)
        read_abc(TUNE)
        mine = worker._state.worker._process.pid
        os.killpg(os.getpid(), signal.SIGINT)
        read_abc(TUNE)
        print(worker._state.worker._process.pid == mine)
    """
    with run(program, start_new_session=True) as parent:
        assert parent.stdout.read().strip() == "True", parent.stderr.read()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_a_worker_of_its_own():
    program = """
        import os
        read_abc(TUNE)
        mine = worker._state.worker._process.pid
        with worker._state.lock:  # as if another thread were reading
            child = os.fork()
            if not child:
                read_abc(TUNE)
                os._exit(0 if worker._state.worker._process.pid != mine else 1)
        assert os.waitpid(child, 0)[1] == 0
        read_abc(TUNE)
        print(worker._state.worker._process.pid == mine)
    """
    with run(program) as parent:
        assert parent.stdout.read().strip() == "True", parent.stderr.read()


def test_inside_joblib_workers_and_daemons():
    program = """
        from joblib import Parallel, delayed
        from multiprocessing import Pool
        print(sum(len(p.notes) for p in Parallel(2)(delayed(read_abc)(TUNE) for _ in range(4))))
        with Pool(2) as pool:
            print(sum(len(p.notes) for p in pool.map(read_abc, [TUNE] * 4)))
    """
    with run(program) as parent:
        out, err = parent.communicate(timeout=120)
    assert out.split() == ["28", "28"], err


def test_threads_take_turns():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        pieces = list(pool.map(read_in_worker, [TUNE] * 12, [".abc"] * 12))
    assert [len(piece[0].notes) for piece in pieces] == [7] * 12


def test_nothing_starts_at_import():
    program = "import sys; print(worker._state.worker, 'music21' in sys.modules)"
    with run(program) as parent:
        assert parent.stdout.read().split() == ["None", "False"]
