"""benchmarks/gpu.py from beginning to end on the stand-in, so that it works where a device is."""

import json
import os
import subprocess
import sys

import pytest
from paths import ROOT


def run_benchmark(folder, *options):
    """What it found, and its log."""
    pytest.importorskip("torch", reason="the rival of the benchmark")
    command = [sys.executable, ROOT / "benchmarks" / "gpu.py", "--stand-in", "-o", folder, *options]
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr[-2000:]
    facts = json.loads((folder / "gpu-stand-in.json").read_text())
    return facts, (folder / "gpu-stand-in.log").read_text()


def test_the_benchmark_runs_and_writes_all_its_parts(tmp_path):
    facts, log = run_benchmark(tmp_path, "--seconds=100000")  # however slow the machine is
    from gpu_torch import PRECISIONS, on_cpu

    assert not facts["left_out"] and not facts["failed"]
    assert [row["too_far"] for row in facts["parity"] if row["precision"] != "bfloat16"] == [{}] * 6
    who = [(row["who"], row["precision"], row["form"]) for row in facts["updates"]]
    of_torch = [name for name in PRECISIONS if on_cpu(name)]
    assert {"float32", "tf32"} <= set(of_torch) and "float16" not in of_torch
    assert len(who) == len(set(who)) == 5 + 2 * len(of_torch)
    assert all(row["updates_per_second"] > 0 for row in facts["updates"])
    assert all(row["kernels"] for row in facts["updates"] if row["who"] == "torch")
    kinds = [(row["precision"], row["what"]) for row in facts["fastest"]]
    both = ("updates", "forwards")
    assert kinds == [(name, what) for name in of_torch for what in both]
    assert all(row["times"] > 0 and row["torch"] and row["ours"] for row in facts["fastest"])
    made = [(row["streams"], row["who"], row["way"]) for row in facts["generation"]]
    each = [("torch", ""), ("ours", "plain"), ("ours", "graph")]
    assert made == [(n, *who) for n in (1, 3) for who in each]
    taken = [(row["precision"], row["way"]) for row in facts["recipe"]]
    assert taken[:4] == [
        ("float32", "plain"), ("float32", "graph"), ("tf32", "plain"), ("bfloat16", "plain"),
    ]  # fmt: skip
    assert ("float32", "cpu") in taken
    reasons = [line for line in facts["unsuited"] if "needs AVX512-BF16" not in line]
    (line,) = reasons  # a cell whose units look at one another
    assert "recipe in float32, persistent" in line and "on their own" in line
    assert [row["holds"] for row in facts["checks"]] == [True] * 7
    composed = [(row["who"], row["takes"]) for row in facts["composing"]]
    assert composed == [(who, n) for who in ("cpu", "gpu") for n in (1, 2)]
    assert all(row["seconds"] > 0 for row in facts["composing"])
    assert "wrote" in log and "| cpu | float32 |" in log and "| streams | plain | graph |" in log


def test_what_finds_no_time_is_left_out_and_named(tmp_path):
    facts, log = run_benchmark(tmp_path, "--seconds=0")
    kinds = ("checks", "parity", "updates", "fastest", "generation", "recipe", "composing")
    assert not any(facts[kind] for kind in kinds)
    for part in ("parity of gru in float64, plain", "updates at Case(H=8", "recipe in tf32, plain",
                 "generation of 3 streams", "composing 2 takes on the gpu"):  # fmt: skip
        assert any(line.startswith(part) for line in facts["left_out"])
        assert f"- {part}" in log
