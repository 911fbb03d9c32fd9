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
    assert [row["too_far"] for row in facts["parity"] if row["precision"] != "bfloat16"] == [{}] * 6
    who = [(row["who"], row["precision"], row["form"]) for row in facts["updates"]]
    assert len(who) == len(set(who)) == 5 + 6  # torch has no float16 on a CPU
    assert all(row["updates_per_second"] > 0 for row in facts["updates"])
    assert all(row["kernels"] for row in facts["updates"] if row["who"] == "torch")
    assert [row["precision"] for row in facts["fastest"]] == ["float32", "tf32", "bfloat16"]
    assert all(row["times"] > 0 and row["torch"] and row["ours"] for row in facts["fastest"])
    made = [(row["streams"], row["who"], row["way"]) for row in facts["generation"]]
    each = [("torch", ""), ("ours", "plain"), ("ours", "graph")]
    assert made == [(n, *who) for n in (1, 3) for who in each]
    taken = [(row["precision"], row["way"]) for row in facts["recipe"]]
    plain = [(precision, "plain") for precision in ("tf32", "bfloat16")]
    assert taken == [("float32", "plain"), ("float32", "graph"), *plain]
    (line,) = facts["unsuited"]  # a cell whose units look at one another
    assert "recipe in float32, persistent" in line and "on their own" in line
    assert "wrote" in (tmp_path / "gpu-stand-in.log").read_text()
