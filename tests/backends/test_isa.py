"""Choosing an instruction-set level, also from outside through the environment."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from lstm_music.backends.isa import VARIABLE, resolve_level
from lstm_music.errors import BackendError
from lstm_music.kernels.isa import AMX, BFLOAT16, level_name, level_names, level_ready

PROGRAM = """
import hashlib
import numpy as np
from lstm_music.nn import cell
lstm = cell.make("lstm", input_size=9, hidden_size=21, rng_seed=3)
x = np.random.default_rng(0).normal(size=(12, 6, 9)).astype(np.float32)
y, state, tape = lstm.forward(x)
dx, dstate, grads = lstm.backward(np.ones_like(y), tape)
print(hashlib.sha256(y.tobytes() + dx.tobytes() + grads["U"].tobytes()).hexdigest(), y.sum())
"""


def run(isa: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, VARIABLE: isa}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_base_runs_everywhere():
    assert level_names() == ("base", "v3", "v4")
    assert level_ready(0)
    assert not level_ready(99)
    assert level_name(BFLOAT16) == "bf16"  # not among the names: nobody is to get it unasked


CPUINFO = Path("/proc/cpuinfo")
V3 = {"avx2", "fma", "bmi1", "bmi2", "f16c", "abm", "movbe"}  # as Linux calls them
V4 = V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
BF16 = V4 | {"avx512_bf16"}
AMX_BF16 = BF16 | {"amx_tile", "amx_bf16"}


@pytest.mark.skipif(
    platform.machine() != "x86_64" or not CPUINFO.exists(), reason="x86-64 Linux tells its features"
)
def test_levels_are_those_that_the_kernel_says_this_processor_has():
    flags = next(line for line in CPUINFO.read_text().splitlines() if line.startswith("flags"))
    has = set(flags.partition(":")[2].split())
    ready = [level_ready(level) for level in (1, 2, BFLOAT16)]
    assert ready == [has >= V3, has >= V4, has >= BF16]
    # A sandbox may show the flags of AMX, and refuse it to its processes.
    assert has >= AMX_BF16 or not level_ready(AMX)


def test_environment_forces_a_level():
    """Each level runs in a process of its own and computes the same to rounding."""
    digests, sums = {}, []
    for level, name in enumerate(level_names()):
        if level_ready(level):
            done = run(name)
            assert done.returncode == 0, done.stderr
            digest, total = done.stdout.split()
            digests[name] = digest
            sums.append(float(total))
    assert max(sums) - min(sums) < 1e-4
    if "v3" in digests:
        assert digests["base"] != digests["v3"], "the variable has no effect: base cannot fuse"
    if "v4" in digests:
        assert digests["v3"] == digests["v4"]


def test_unknown_level_is_one_clear_error():
    done = run("v9")
    assert done.returncode != 0
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .endswith("LSTM_MUSIC_ISA must be one of base, v3, v4, got 'v9'")
    )
    with pytest.raises(BackendError, match="isa must be one of"):
        resolve_level("sse")


def test_level_this_machine_lacks_is_one_clear_error(monkeypatch):
    monkeypatch.setattr("lstm_music.backends.isa.level_ready", lambda level: level == 0)
    monkeypatch.setenv(VARIABLE, "v4")
    with pytest.raises(BackendError, match=r"LSTM_MUSIC_ISA=v4 cannot run here.*choose from base"):
        resolve_level()
    monkeypatch.setenv(VARIABLE, "")
    assert resolve_level() == 0
