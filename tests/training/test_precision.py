"""Training with products in bfloat16: the option, its error, and that a run goes on the same."""

import os
import subprocess

import pytest
from training_runs import command, train

from lstm_music.kernels.isa import BFLOAT16, level_ready

needs_instruction = pytest.mark.skipif(not level_ready(BFLOAT16), reason="needs AVX512-BF16")


@needs_instruction
def test_a_run_in_bfloat16_goes_on_to_the_same_bytes(whole, tmp_path):
    models = []
    for name, threads in (("once", 1), ("twice", 2)):
        folder = tmp_path / name
        folder.mkdir()
        if name == "twice":
            train(folder, whole.cache, precision="bfloat16", time_limit=0.01, threads=1)
        train(folder, whole.cache, precision="bfloat16", threads=threads)
        models.append((folder / "m.safetensors").read_bytes())
    assert models[0] == models[1]
    assert models[0] != whole.model


def test_a_cpu_without_the_instruction_is_exit_5(whole, tmp_path):
    done = subprocess.run(
        command(tmp_path, whole.cache, "--precision=bfloat16"),
        env={**os.environ, "LSTM_MUSIC_ISA": "base"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 5
    assert "needs AVX512-BF16" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "m.safetensors").exists()
