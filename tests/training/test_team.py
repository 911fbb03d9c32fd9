"""Several processes train the model that one would: with real MPI."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from paths import MIDI_DATA

from lstm_music.training.runs.checkpoint import read_checkpoint

pytest.importorskip("mpi4py", reason="mpi4py is not installed")
MPIEXEC = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which("mpiexec")
if MPIEXEC is None:
    pytest.skip("mpiexec is not installed", allow_module_level=True)

OPTIONS = (
    "--hidden-size=16 --embedding-size=8 --layers=2 --batch-size=6 --chunk-steps=32 --accumulate=2"
    " --max-tokens=9000 --evaluate-every=3000 --rng-seed=5 --threads=1 --dropout=0.3"
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("corpus") / "cache"


def command(folder, cache, n, *more):
    start = [MPIEXEC, "-n", str(n)] if n > 1 else []
    train = [sys.executable, "-m", "lstm_music", "train", str(MIDI_DATA), "--cache", str(cache)]
    return [*start, *train, "-o", str(folder / "m.safetensors"), *OPTIONS.split(), *more]


def losses(folder):
    lines = (folder / "m.run" / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def alone(cache, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    subprocess.run(command(folder, cache, 1), check=True)
    return losses(folder)


@pytest.mark.parametrize("n", [2, 4])
def test_the_losses_are_those_of_one_process(alone, cache, tmp_path, n):
    run = subprocess.run(
        command(tmp_path, cache, n), capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [str(tmp_path / "m.safetensors")]  # told once
    together = losses(tmp_path)
    assert [line["tokens"] for line in together] == [line["tokens"] for line in alone]
    for ours, theirs in zip(together, alone, strict=True):
        for name in ("train_loss", "valid_loss"):
            assert ours[name] == pytest.approx(theirs[name], rel=1e-5)


def test_a_run_goes_on_with_another_number_of_processes(alone, cache, tmp_path):
    limited = command(tmp_path, cache, 2, "--time-limit=0.1", "--resume=auto")
    subprocess.run(limited, check=True, timeout=300)
    subprocess.run(command(tmp_path, cache, 1, "--resume=auto"), check=True, timeout=300)
    together = losses(tmp_path)
    assert together[-1]["tokens"] == alone[-1]["tokens"]
    assert together[-1]["valid_loss"] == pytest.approx(alone[-1]["valid_loss"], rel=1e-5)


def with_a_signal(folder, cache, number):
    """Two processes, of which the second gets a signal in the tenth update."""
    code = (
        "import os\n"
        "from lstm_music.training import loop\n"
        "from lstm_music.cli.main import main\n"
        "update = loop.Trainer.update\n"
        "def struck(self, chunks):\n"
        f"    if self._team.rank == 1 and self._step == 9: os.kill(os.getpid(), {int(number)})\n"
        "    update(self, chunks)\n"
        "loop.Trainer.update = struck\n"
        "main()\n"
    )
    start = [MPIEXEC, "-n", "2", sys.executable, "-c", code]
    arguments = command(folder, cache, 1, "--checkpoint-seconds=1000")[3:]
    return subprocess.run(
        [*start, *arguments], capture_output=True, text=True, timeout=300, check=False
    )


def test_a_dead_process_ends_the_job_and_leaves_a_state(alone, cache, tmp_path):
    assert with_a_signal(tmp_path, cache, signal.SIGKILL).returncode != 0
    subprocess.run(command(tmp_path, cache, 2, "--resume=auto"), check=True, timeout=300)
    assert losses(tmp_path)[-1]["valid_loss"] == pytest.approx(alone[-1]["valid_loss"], rel=1e-5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_one_stops_all_after_the_same_update(alone, cache, tmp_path, number):
    """As a cluster gives it when time is up: nothing is lost, however seldom it saves."""
    run = with_a_signal(tmp_path, cache, number)
    assert run.returncode == (130 if number == signal.SIGINT else 128 + number), run.stderr
    assert "Traceback" not in run.stderr
    assert read_checkpoint(tmp_path / "m.run", pytest.fail).facts["step"] == 10
    subprocess.run(command(tmp_path, cache, 2, "--resume=auto"), check=True, timeout=300)
    assert losses(tmp_path)[-1]["valid_loss"] == pytest.approx(alone[-1]["valid_loss"], rel=1e-5)


def test_an_error_of_one_ends_all(cache, tmp_path):
    run = subprocess.run(
        command(tmp_path / "nowhere", cache, 2), capture_output=True, timeout=300, check=False
    )
    assert run.returncode != 0
