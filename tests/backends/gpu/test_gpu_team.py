"""Training on several GPUs, as far as one process shows it."""

import sys

import numpy as np
import pytest
from paths import MIDI_DATA

from lstm_music.backends.registry import get_backend
from lstm_music.cli.main import run
from lstm_music.errors import BackendError
from lstm_music.nn.model_file import load_model
from lstm_music.training.team import MpiTeam, Team

SMALL = (
    "--hidden-size=8 --layers=1 --embedding-size=8 --batch-size=2 --chunk-steps=16 --infill=0"
    " --evaluate-every=100000 --max-tokens=100"
)


@pytest.fixture
def team():
    pytest.importorskip("mpi4py", reason="mpi4py: the extra `distributed`")
    return MpiTeam()


def test_gradients_are_added_up_by_nccl(cupy, team):
    gpu = get_backend("gpu")
    gradients = gpu.to_device(np.arange(5, dtype=np.float32))
    cupy.NcclCommunicator.done.clear()
    for _ in range(2):
        team.add_where_it_lies(gradients, gpu)
    assert cupy.NcclCommunicator.done == [("reduce", 5, 7), ("bcast", 5, 7)] * 2
    np.testing.assert_array_equal(gpu.to_host(gradients), np.arange(5))


def test_a_device_lost_in_a_sum_sends_back_to_the_checkpoint(cupy, team, monkeypatch):
    gpu = get_backend("gpu")
    gradients = gpu.to_device(np.arange(5, dtype=np.float32))
    team.add_where_it_lies(gradients, gpu)
    with pytest.raises(BackendError, match=r"NcclError.*--resume"), gpu.current():
        monkeypatch.setattr(cupy.Machine, "lost", True)
        team.add_where_it_lies(gradients, gpu)


def test_without_nccl_they_go_through_the_host(cupy, team, monkeypatch):
    monkeypatch.delattr(sys.modules["cupy"].cuda, "nccl")
    monkeypatch.setattr(team, "add", lambda array: array.__imul__(2))
    gpu = get_backend("gpu")
    gradients = gpu.to_device(np.arange(5, dtype=np.float64))
    team.add_where_it_lies(gradients, gpu)
    np.testing.assert_array_equal(gpu.to_host(gradients), 2 * np.arange(5))


def test_on_the_cpu_it_is_the_sum_it_was(team):
    gradients = np.arange(5, dtype=np.float32)
    team.add_where_it_lies(gradients, get_backend("cpu", n_threads=1))
    np.testing.assert_array_equal(gradients, np.arange(5))


def test_each_process_takes_the_gpu_of_its_number(cupy, team):
    assert [team.backend(name) for name in ("gpu", "auto", "gpu:3", "cpu")] == [
        "gpu:0", "gpu:0", "gpu:3", "cpu",
    ]  # fmt: skip
    assert Team().backend("gpu") == "gpu"


def test_a_training_of_one_rank_is_the_training_of_none(cupy, team, tmp_path, monkeypatch):
    def trained(name):
        music = [str(MIDI_DATA / f"{song}.mid") for song in ("chorale", "jig", "waltz")]
        output = tmp_path / name
        assert run(["train", *music, "-o", str(output), "--backend", "gpu", *SMALL.split()]) == 0
        return load_model(output)[0].flat_params

    alone = trained("alone.safetensors")
    cupy.NcclCommunicator.done.clear()
    monkeypatch.setattr("lstm_music.training.team.make_team", lambda: team)
    np.testing.assert_array_equal(trained("ranked.safetensors"), alone)
    assert {what for what, *_ in cupy.NcclCommunicator.done} == {"reduce", "bcast"}
