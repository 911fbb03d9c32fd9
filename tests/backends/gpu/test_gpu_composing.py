"""Composing on the stand-in: the CPU's notes, whatever is composed beside them; and what fails."""

import gc
import pickle
from pathlib import Path

import numpy as np
import pytest
from paths import MIDI_DATA
from small_composers import random_composer

from lstm_music.backends.registry import get_backend
from lstm_music.backends.workspace import usable_cores
from lstm_music.cli.main import run
from lstm_music.errors import BackendError, ConfigError
from lstm_music.generate.asking.request import Request
from lstm_music.kernels.device_step import DeviceWeights
from lstm_music.nn.config import ModelConfig
from lstm_music.nn.device_streams import DeviceStreams
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.step_weights import step_weights

SEED = MIDI_DATA / "chorale.mid"
SHORT = {"seed_bars": (1, 2), "drafts": 1}
REQUESTS = {
    "generate": Request("generate", SEED, bars=1, n=2, rng_seed=1, **SHORT),
    "from nothing": Request("generate", bars=2, n=2, rng_seed=2, drafts=1),
    "infill": Request("infill", SEED, bars=(2, 2), tracks=[2], rng_seed=3, **SHORT),
    "rules": Request(
        "generate", SEED, bars=1, scale="C major", repetition_penalty=1.3, temperature=1.2,
        rng_seed=6, **SHORT,
    ),
}  # fmt: skip


pytestmark = pytest.mark.usefixtures("products_of_numpy")


@pytest.fixture
def gpu(cupy):
    return random_composer(precision="float32", backend="gpu")


def new_notes(composer, request):
    return [take.new.tolist() for take in composer.complete(request)]


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_the_notes_are_the_cpus(request_, gpu):
    assert isinstance(gpu.engine.weights, DeviceWeights)
    here = new_notes(random_composer(precision="float32"), request_)
    assert new_notes(gpu, request_) == here
    assert all(here)


def test_a_take_is_the_same_among_more_than_there_were_slots(gpu):
    def takes(n, threads=None):
        ask = Request("generate", SEED, bars=1, rng_seed=7, n=n, threads=threads, **SHORT)
        return new_notes(gpu, ask)

    many = takes(20)
    assert takes(1) == many[:1] and takes(3, threads=2) == many[:3]
    assert len(gpu.engine.weights.streams._steps.rows) > 20


def test_threads_share_what_is_done_here_and_change_no_note(gpu):
    def n_threads():
        return len(list(Path("/proc/self/task").iterdir()))

    ask = {"bars": 1, "n": 9, "rng_seed": 4, **SHORT}
    alone = new_notes(gpu, Request("generate", SEED, threads=1, **ask))
    assert gpu.engine.weights.pool.n_threads == usable_cores()
    gpu._engine = gpu.engine.on_threads(5)
    weights, before = gpu.engine.weights, n_threads()
    assert new_notes(gpu, Request("generate", SEED, threads=5, **ask)) == alone
    assert gpu.engine.weights is weights and n_threads() - before == 4
    assert pickle.loads(pickle.dumps(weights)).pool.n_threads == 5


def test_slots_are_given_back(gpu):
    free = gpu.engine.weights.streams._free
    gc.collect()
    before = len(free)
    new_notes(gpu, REQUESTS["generate"])
    gc.collect()
    assert len(free) == before > 0


def test_the_logits_are_those_of_weights_rounded_alike(cupy):
    config = ModelConfig(40, 30, 3, hidden_size=20, layers=2, embedding_size=20, residual=True)
    model = LanguageModel.create(config, 3)
    rows = np.random.default_rng(0).integers(0, 40, (5, 3)).astype(np.int32)
    for precision in ("float32", "bfloat16"):
        here = step_weights(model, precision)
        from lstm_music.kernels.step import Stepper

        stepper, streams = Stepper(here), step_weights(model, precision, "gpu").streams
        slot = streams.take()
        for row in rows:
            streams.advance([slot], row[None])
            np.testing.assert_allclose(
                streams.predict([slot])[0], stepper.step_py(row), rtol=1e-4, atol=1e-6
            )


@pytest.mark.parametrize("residual", [False, True])
def test_a_slot_begins_where_the_model_does_and_can_be_copied(residual, cupy):
    sizes = {"hidden_size": 8, "layers": 2, "embedding_size": 8, "learned_state": True}
    config = ModelConfig(40, 30, 2, residual=residual, **sizes)
    model = LanguageModel.create(config, 3)
    for name, values in model.params.items():
        if "start" in name or "state" in name:
            values[...] = 0.5
    streams = DeviceStreams(model.on(get_backend("gpu")), "float32")
    first, second = streams.take(), streams.take()
    start = streams.predict([first])
    streams.advance([first], np.ones((1, 2), np.int32))
    moved = streams.predict([first, second])
    assert not np.array_equal(moved[0], start[0]) and np.array_equal(moved[1], start[0])
    streams.copy(first, second)
    np.testing.assert_array_equal(streams.predict([second])[0], moved[0])
    streams.give_back(first)
    assert streams.take() == first
    np.testing.assert_array_equal(streams.predict([first]), start)


def test_a_composer_on_a_gpu_can_be_pickled(gpu):
    request = REQUESTS["infill"]
    assert new_notes(pickle.loads(pickle.dumps(gpu)), request) == new_notes(gpu, request)


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_device_lost_on_the_way_ends_composing(share, gpu, cupy, monkeypatch):
    advance, calls, when = DeviceStreams.advance, [], []

    def lose(self, slots, rows):
        calls.append(1)
        if len(calls) in when:
            monkeypatch.setattr(cupy.Machine, "lost", True)
        advance(self, slots, rows)

    monkeypatch.setattr(DeviceStreams, "advance", lose)
    whole = new_notes(gpu, REQUESTS["generate"])
    when.append(len(calls) + 1 + int(share * len(calls)))
    with pytest.raises(BackendError, match="device may be lost"):
        gpu.complete(REQUESTS["generate"])
    assert len(calls) <= when[0] + 1
    monkeypatch.setattr(cupy.Machine, "lost", False)
    assert new_notes(gpu, REQUESTS["generate"]) == whole


def test_what_a_gpu_does_not_compose_with_is_refused(cupy):
    model = random_composer().model
    with pytest.raises(ConfigError, match="not int8"):
        step_weights(model, "int8", "gpu")
    with pytest.raises(ConfigError, match="cpu, gpu, gpu:N or auto"):
        step_weights(model, "float32", "reference")


def test_auto_composes_on_the_cpu_where_there_is_no_gpu(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cupy", None)
    assert not isinstance(step_weights(random_composer().model, "float32", "auto"), DeviceWeights)


@pytest.mark.parametrize(
    "command",
    [
        ("generate", "--bars=2"),
        ("infill", str(SEED), "--bars=2-3"),
        ("accompany", str(SEED), "--with=bass"),
        ("vary", str(SEED), "--keep=rhythm"),
    ],
)
def test_a_missing_gpu_ends_with_code_5_and_no_file(command, tmp_path, capsys):
    output = tmp_path / "out.mid"
    assert run([*command, "-o", str(output), "--backend=gpu"]) == 5
    assert "pip install 'lstm_music[gpu]'" in capsys.readouterr().err
    assert not output.exists()
