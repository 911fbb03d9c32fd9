"""Many streams of tokens on the stand-in: the tokens that the CPU draws, whatever runs beside."""

import numpy as np
import pytest

from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.gpu.backend import GpuBackend
from lstm_music.backends.gpu.drawing import Drawing, DrawSettings
from lstm_music.backends.registry import get_backend
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.kernels.sampler import continue_tokens
from lstm_music.kernels.step import Stepper, StepWeights
from lstm_music.nn.batch_generation import _ON_DEVICE, BatchGenerator
from lstm_music.nn.config import ModelConfig
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.sampling import Sampling

V, STEPS = 23, 30
SETTINGS = {
    "as trained": Sampling(temperature=1.0, top_p=1.0),
    "cold": Sampling(temperature=0.7, top_p=1.0),
    "top_k": Sampling(temperature=1.3, top_k=4, top_p=1.0),
    "top_p": Sampling(temperature=1.1, top_p=0.6),
    "min_p": Sampling(temperature=1.0, top_p=0.95, min_p=0.2),
}


@pytest.fixture
def models(cupy):
    """One model, on the CPU and on the GPU; its logits are far from one another."""
    config = ModelConfig(V, V, 1, hidden_size=9, layers=2, embedding_size=7, residual=True)
    model = LanguageModel.create(config, 5, backend=CpuBackend(1))
    model.params["head.W"][...] *= 6
    return model, model.on(get_backend("gpu"))


def on_cpu(model, sampling, sequences, n=STEPS):
    weights = StepWeights(model, precision="float32")
    samplers = [sampling.sampler(np.zeros(V, np.uint8), rng_seed=11, sequence=s) for s in sequences]
    return continue_tokens([Stepper(weights) for _ in sequences], samplers, 3, n)


@pytest.mark.parametrize("sampling", SETTINGS.values(), ids=SETTINGS)
def test_the_tokens_are_the_cpus(sampling, models):
    cpu, gpu = models
    sequences = [0, 7, 1 << 40]
    streams = BatchGenerator(gpu, sampling, rng_seed=11, sequences=sequences)
    tokens = streams.continue_from(3, STEPS)
    np.testing.assert_array_equal(tokens, on_cpu(cpu, sampling, sequences))
    assert len(set(map(tuple, tokens))) == 3


@pytest.mark.parametrize("sampling", SETTINGS.values(), ids=SETTINGS)
def test_ties_and_what_is_no_number_are_drawn_as_on_the_cpu(sampling, cupy):
    rng, gpu, N = np.random.default_rng(0), get_backend("gpu"), 60
    logits = np.round(rng.normal(0, 1.5, (N, V))).astype(np.float32)  # many are equal
    logits[:6, ::3] = [[np.inf], [-np.inf], [np.nan], [1e30], [-1e30], [-25.0]]
    logits[6], logits[7] = np.nan, -np.inf
    allowed = (rng.random((N, V)) < 0.6).astype(np.uint8)
    allowed[8] = 0
    bias, key = np.zeros(V, np.float32), 9
    sequences = rng.integers(0, 1 << 63, N).astype(np.uint64)
    settings = DrawSettings(**{name: getattr(sampling, name) for name in _ON_DEVICE})
    drawing = Drawing(gpu.device, V, settings, key, sequences)
    drawing.draw(*map(gpu.to_device, (logits, bias, allowed)))
    found = gpu.to_host(drawing.tokens), gpu.to_host(drawing.log_probs)
    for n in range(N):
        here = sampling.sampler(np.zeros(V, np.uint8), rng_seed=key, sequence=int(sequences[n]))
        token = here.draw_py(allowed[n], logits[n], np.zeros(1, np.uint64))[0]
        assert found[0][n] == token, n
        assert found[1][n] == (0 if token < 0 else pytest.approx(here.last_log_prob, abs=1e-6))
    assert (found[0] == -1).sum() >= 3 and len(set(found[0])) > 5


def test_a_stream_has_the_same_bits_whatever_runs_beside_it(cupy):
    config = ModelConfig(V, V, 1, hidden_size=100, layers=2, embedding_size=70)
    gpu = LanguageModel.create(config, 5, backend=get_backend("gpu"))
    sampling = SETTINGS["top_p"]

    def drawn(sequences):
        streams = BatchGenerator(gpu, sampling, rng_seed=1, sequences=sequences)
        tokens = streams.continue_from(0, 12)
        return tokens, streams.drawn[1]

    many, log_probs = drawn(range(37))  # more than a block has rows
    for s in (0, 17, 36):
        alone, log_prob = drawn([s])
        np.testing.assert_array_equal(alone[0], many[s])
        assert log_prob[0] == log_probs[s]


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "lstm:zoneout_c=0.3,zoneout_h=0.2", "residual": True, "embedding_size": 9},
        {"cell": "layernorm-lstm", "learned_state": True},
        {"cell": "conv-lstm:size=3", "residual": True, "embedding_size": 6},
        {"cell": "fgr"},
        {"cell": "minlstm"},
    ],
    ids=lambda options: options["cell"],
)
@pytest.mark.parametrize("way", ["plain", "graph"])
def test_every_kind_of_model_steps_as_it_scores(options, way, cupy, caplog):
    sizes = {"hidden_size": 9, "layers": 2, "embedding_size": 7} | options
    backend = GpuBackend(way=way)
    gpu = LanguageModel.create(ModelConfig(V, V, 1, **sizes), 5, backend=backend)
    streams = BatchGenerator(gpu, SETTINGS["as trained"], sequences=[4, 9])
    launched = cupy.Graph.launched
    tokens = streams.continue_from(3, 6)
    assert cupy.Graph.launched - launched == (5 if way == "graph" else 0)
    rows = np.concatenate([np.full((2, 1), 3), tokens[:, :-1]], axis=1).T[:, :, None]
    rows, targets = rows.astype(np.int32), np.ascontiguousarray(tokens.T)
    nll, _ = gpu.score_chunk(np.ascontiguousarray(rows), targets, gpu.initial_state(2))
    np.testing.assert_allclose(-streams.drawn[1], nll[-1], rtol=1e-5)
    assert not [record for record in caplog.records if "makes no CUDA graphs" in record.message]


def test_masks_and_stops(models):
    _, gpu = models
    allowed = np.zeros((4, V), np.uint8)
    allowed[:, [2, 5]] = 1
    allowed[3] = 0  # nothing may be drawn
    streams = BatchGenerator(gpu, SETTINGS["as trained"], sequences=range(4), stop=5)
    tokens = streams.continue_from(0, 200, allowed)
    assert tokens.shape[1] <= 128  # all have stopped, and a look has shown it
    assert tokens[3, 0] == -1 and set(tokens[3, 1:]) == {-2}
    for stream in tokens[:3]:
        end = list(stream).index(5)
        assert set(stream[:end]) <= {2} and set(stream[end + 1 :]) == {-2}
    assert gpu.backend.to_host(streams._steps.rows).min() == 0  # what has stopped reads a row, too


def test_log_probs_are_the_models(models):
    _, gpu = models
    streams = BatchGenerator(gpu, SETTINGS["cold"], rng_seed=2, sequences=[0, 1])
    rows = gpu.backend.to_device(np.array([[4], [9]], np.int32))
    streams.step(rows)
    tokens, log_probs = streams.drawn
    nll, _ = gpu.score_chunk(np.array([[[4], [9]]], np.int32), tokens[None], gpu.initial_state(2))
    np.testing.assert_allclose(-log_probs, nll[0], rtol=1e-5)


def test_nothing_waits_between_two_looks(models, cupy, monkeypatch):
    _, gpu = models
    streams, waits = BatchGenerator(gpu, SETTINGS["cold"]), []
    get = cupy.ndarray.get
    monkeypatch.setattr(cupy.ndarray, "get", lambda self: waits.append(1) or get(self))
    streams.continue_from(0, 40)
    assert len(waits) == 1


def test_what_is_for_the_cpu_is_refused(models):
    cpu, gpu = models
    with pytest.raises(ConfigError, match="on a GPU is needed"):
        BatchGenerator(cpu, SETTINGS["cold"])
    with pytest.raises(ConfigError, match="repetition_penalty"):
        BatchGenerator(gpu, Sampling(repetition_penalty=2.0))
    with pytest.raises(ShapeError, match="token"):
        BatchGenerator(gpu, SETTINGS["cold"]).continue_from(V, 3)
