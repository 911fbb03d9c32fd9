"""Whole language models on the GPU backend: training, scoring and files, as on the reference."""

import pickle

import numpy as np
import pytest

from lstm_music.backends.reference import ReferenceBackend
from lstm_music.backends.registry import get_backend
from lstm_music.nn.cell import make
from lstm_music.nn.config import ModelConfig
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model, save_model
from lstm_music.nn.optim import make_optimiser
from lstm_music.nn.scoring import sequence_nll

R, V, S, T, B = 9, 6, 2, 7, 3


@pytest.fixture
def gpu(cupy):
    return get_backend("gpu")


def config(**options):
    sizes = {"hidden_size": 6, "layers": 2, "embedding_size": 5} | options
    return ModelConfig(R, V, S, **sizes)


def updates(engine, settings, dtype, n=2):
    """Parameters and losses of a few updates, with every optional part of one."""
    rng = np.random.default_rng(3)
    model = LanguageModel.create(settings, 1, dtype=dtype, backend=engine)
    # Not Adam, which makes whole steps of gradients that are all but 0, whatever their sign.
    sgd = make_optimiser("sgd", model.flat_params.size, dtype=dtype, backend=engine, l2=1e-3)
    state, losses = model.initial_state(B), []
    for step in range(n):
        rows = rng.integers(0, R, (T, B, S)).astype(np.int32)
        targets = rng.integers(-1, V, (T, B)).astype(np.int32)
        lengths = np.array([T, 4, 0], np.int32)
        model.flat_grads[:] = 0
        nll, n_targets, state = model.train_chunk(
            rows, targets, state, lengths, starts=np.array([step == 0, True, False]),
            dropout_key=(5, step), label_smoothing=0.1,
        )  # fmt: skip
        losses += [nll, n_targets, sgd.step(model.flat_params, model.flat_grads, 0.5, 1.0)]
    return engine.to_host(model.flat_params), losses


OPTIONS = {
    "plain": {},
    "dropout": {"dropout": 0.4},
    "variational": {"dropout": 0.4, "dropout_kind": "variational"},
    "everything": {
        "cell": "lstm:zoneout_c=0.3,zoneout_h=0.2", "dropout": 0.3, "residual": True,
        "tied_embedding": True, "learned_state": True, "embedding_size": 6,
    },
    "block": {"cell": "block:size=3", "dropout": 0.2},
    "memory-gated": {"cell": "memory-gated"},
    "layernorm": {"cell": "layernorm-lstm", "learned_state": True},
    "conv": {"cell": "conv-lstm:size=3", "embedding_size": 6},
    "slstm": {"cell": "slstm:f=exp"},
    "sru": {"cell": "sru"},
}  # fmt: skip


@pytest.mark.parametrize(("dtype", "close"), [("float64", 1e-10), ("float32", 1e-4)])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_training_equals_the_reference(options, dtype, close, gpu):
    expected, losses = updates(ReferenceBackend(), config(**options), dtype)
    got, my_losses = updates(gpu, config(**options), dtype)
    np.testing.assert_allclose(got, expected, rtol=0, atol=close)
    np.testing.assert_allclose(my_losses, losses, rtol=close)


def test_the_first_layer_may_read_the_tokens_themselves(gpu):
    """With few rows beside the places the stack takes another way: token_forward."""
    results = []
    for engine in (ReferenceBackend(), gpu):
        model = LanguageModel.create(
            ModelConfig(5, 5, 1, hidden_size=4, layers=1, embedding_size=8), 1,
            dtype="float64", backend=engine,
        )  # fmt: skip
        rng = np.random.default_rng(0)
        tokens = rng.integers(0, 5, (9, 2)).astype(np.int32)
        run = model.score_pass(tokens[:, :, None], tokens, model.initial_state(2))[1]
        assert run.embedded is None
        model.train_chunk(tokens[:, :, None], tokens, model.initial_state(2))
        results.append(engine.to_host(model.flat_grads))
    np.testing.assert_allclose(results[1], results[0], atol=1e-12)


def test_scores_are_those_of_the_reference(gpu):
    rng = np.random.default_rng(0)
    pieces = [
        (rng.integers(0, R, (n, S)).astype(np.int32), rng.integers(0, V, n).astype(np.int32))
        for n in (5, 11, 3)
    ]
    scores = [
        sequence_nll(LanguageModel.create(config(), 1, backend=engine), pieces)
        for engine in (ReferenceBackend(), gpu)
    ]
    for mine, theirs in zip(*scores):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5)


def test_a_model_of_the_gpu_is_saved_and_loaded(gpu, tmp_path):
    model = LanguageModel.create(config(), 1, backend=gpu)
    save_model(tmp_path / "m.safetensors", model, "{}", {}, {})
    here, _ = load_model(tmp_path / "m.safetensors")
    there, _ = load_model(tmp_path / "m.safetensors", backend=gpu)
    np.testing.assert_array_equal(here.flat_params, gpu.to_host(model.flat_params))
    np.testing.assert_array_equal(gpu.to_host(there.flat_params), here.flat_params)


def test_a_model_on_the_gpu_can_be_pickled(gpu):
    model = LanguageModel.create(config(), 1, backend=gpu)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(gpu.to_host(again.flat_params), gpu.to_host(model.flat_params))


def test_an_optimiser_goes_on_bit_for_bit(gpu):
    g = gpu.to_device(np.linspace(-1, 1, 5).astype(np.float32))
    first = make_optimiser("adam", 5, backend=gpu)
    w = gpu.to_device(np.zeros(5, np.float32))
    first.step(w, g, 0.1)
    other = make_optimiser("adam", 5, backend=gpu)
    other.load_state(first.state())
    copy = w.copy()
    first.step(w, g, 0.1)
    other.step(copy, g, 0.1)
    np.testing.assert_array_equal(gpu.to_host(copy), gpu.to_host(w))


@pytest.mark.parametrize("name", ["lstm", "block:size=2", "memory-gated"])
def test_a_single_cell_keeps_its_arrays_on_the_host(name, gpu):
    x = np.random.default_rng(0).normal(size=(4, 2, 3))
    results = []
    for engine in (ReferenceBackend(), gpu):
        cell = make(name, input_size=3, hidden_size=4, dtype="float64", backend=engine)
        y, state, tape = cell.forward(x)
        dx, dstate, grads = cell.backward(y, tape, state)
        results.append([y, state, dx, dstate, *grads.values()])
    for mine, theirs in zip(*results):
        assert isinstance(mine, np.ndarray)
        np.testing.assert_allclose(mine, theirs, atol=1e-12)
