"""benchmarks/gpu.py from beginning to end on the stand-in, so that it works where a device is."""

import json
import subprocess
import sys

import pytest
from paths import ROOT


def test_the_benchmark_runs_and_writes_all_its_parts(tmp_path):
    pytest.importorskip("torch", reason="the rival of the benchmark")
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), "--stand-in", "-o", tmp_path]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**__import__("os").environ,
        "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    facts = json.loads((tmp_path / "gpu-stand-in.json").read_text())
    assert not facts["left_out"] and not facts["failed"]
    assert [row["too_far"] for row in facts["parity"]][:2] == [{}, {}]
    who = [(row["who"], row["precision"], row["form"]) for row in facts["updates"]]
    assert len(who) == len(set(who)) == 3 + 6  # torch has no float16 on a CPU
    assert all(row["updates_per_second"] > 0 for row in facts["updates"])
    assert all(row["kernels"] for row in facts["updates"] if row["who"] == "torch")
    assert [row["streams"] for row in facts["generation"]] == [1, 1, 3, 3]
    assert set(facts["recipe"]) == {"float32", "tf32", "bfloat16"}
    assert "wrote" in (tmp_path / "gpu-stand-in.log").read_text()
