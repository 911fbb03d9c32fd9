"""Threads that share a kernel's job: many callers, forks, ends, and where none can start."""

import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

STRESS = Path(__file__).with_name("pool_stress.c")
BUILDS = {
    "plain": [],
    "watched": ["-fsanitize=thread", "-O1", "-g"],
    "threads_never_start": ["-D__EMSCRIPTEN__"],
}


@pytest.mark.skipif(sys.platform == "win32", reason="the program is written for POSIX")
@pytest.mark.parametrize("build", BUILDS)
def test_many_callers_and_forks_lose_no_item(build, tmp_path):
    program = str(tmp_path / "stress")
    command = ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", f"-I{ROOT / 'src' / 'c'}"]
    command += [*BUILDS[build], str(ROOT / "src" / "c" / "pool.c"), str(STRESS), "-o", program]
    subprocess.run(command, check=True)
    # Its threads may start after a fork: what the sanitizer does not follow there, it lets pass.
    watched = {"TSAN_OPTIONS": "die_after_fork=0"}
    done = subprocess.run(
        [program], env=watched, capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")


counts_threads = pytest.mark.skipif(
    sys.platform != "linux", reason="Linux alone tells how many threads there are"
)


def run(code):
    """What a program says that has ``backend`` with three threads, and ``product(backend)``."""
    start = """
import os, threading
import numpy as np
from lstm_music.backends.cpu import CpuBackend

def product(backend):
    a, out = np.arange(1200, dtype=np.float32).reshape(40, 30) / 999, np.empty((40, 40), np.float32)
    backend.matmul(a, a, out, transpose_b=True)
    return out.tobytes()

def n_threads():
    return len(os.listdir("/proc/self/task"))

backend = CpuBackend(3)
"""
    # From 3.12 on Python warns of every fork beside threads; that it works is what is tested here.
    quietly = ["-W", "ignore:This process:DeprecationWarning"]
    done = subprocess.run(
        [sys.executable, "-P", *quietly, "-c", start + code],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@counts_threads
def test_a_forked_child_starts_threads_of_its_own():
    said = run("""
before = product(backend)
child = os.fork()
if not child:
    print(product(backend) == before, n_threads(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(product(backend) == before)
""")
    assert said == ["True", "3", "True"]


@counts_threads
def test_threads_start_with_the_first_job_and_end_with_the_pool():
    said = run("""
first = n_threads()
product(backend)
working = n_threads()
del backend
print(working - first, n_threads() - first)
""")
    assert said == ["2", "0"]


@counts_threads
def test_a_forked_child_that_never_computes_can_let_go_of_the_pool():
    said = run("""
product(backend)
child = os.fork()
if not child:
    del backend
    print(n_threads(), flush=True)
    os._exit(0)
print(os.waitpid(child, 0)[1])
""")
    assert said == ["1", "0"]


def test_a_program_ends_whatever_the_threads_do():
    assert run("product(backend); print('done')") == ["done"]
    in_a_thread = "threading.Thread(target=product, args=[backend]).start(); print('done')"
    assert run(in_a_thread) == ["done"]


@counts_threads
def test_threads_leave_signals_to_the_program():
    said = run("""
import signal
before = set(os.listdir("/proc/self/task"))  # NumPy's own threads, too
product(backend)
signal.signal(signal.SIGUSR1, lambda *_: print("heard"))
for task in set(os.listdir("/proc/self/task")) - before:
    blocked = next(line for line in open(f"/proc/self/task/{task}/status") if "SigBlk" in line)
    print(bool(int(blocked.split()[1], 16) >> (signal.SIGINT - 1) & 1))
os.kill(os.getpid(), signal.SIGUSR1)
""")
    assert said == ["True", "True", "heard"]
