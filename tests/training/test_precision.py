"""Training with brief products: the option, its error, and that a run goes on the same."""

import os
import subprocess

import pytest
from training_runs import command, train

from lstm_music.kernels.isa import AMX, BFLOAT16, level_ready

needs_bfloat16 = pytest.mark.skipif(not level_ready(BFLOAT16), reason="needs AVX512-BF16")
needs_amx = pytest.mark.skipif(not level_ready(AMX), reason="needs AMX-BF16")


@pytest.mark.parametrize(
    "precision",
    [pytest.param("bfloat16", marks=needs_bfloat16), pytest.param("amx", marks=needs_amx)],
)
def test_a_run_goes_on_to_the_same_bytes(whole, tmp_path, precision):
    models = []
    for name, threads in (("once", 1), ("twice", 2)):
        folder = tmp_path / name
        folder.mkdir()
        if name == "twice":
            train(folder, whole.cache, precision=precision, time_limit=0.01, threads=1)
        train(folder, whole.cache, precision=precision, threads=threads)
        models.append((folder / "m.safetensors").read_bytes())
    assert models[0] == models[1]
    assert models[0] != whole.model


@pytest.mark.parametrize(("precision", "need"), [("bfloat16", "AVX512-BF16"), ("amx", "AMX")])
def test_a_cpu_without_the_instruction_is_exit_5(whole, tmp_path, precision, need):
    done = subprocess.run(
        command(tmp_path, whole.cache, f"--precision={precision}"),
        env={**os.environ, "LSTM_MUSIC_ISA": "base"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 5
    assert f"precision {precision} needs" in done.stderr
    assert need in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "m.safetensors").exists()
