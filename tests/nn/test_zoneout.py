"""Zoneout in a cell and in the whole network: masks in training, their mean elsewhere."""

import dataclasses

import numpy as np
import pytest
from gradcheck import worst_error
from model_cases import BACKENDS, SMALL, backend_of, make_chunk, score, train

from lstm_music.backends.cpu import CpuBackend
from lstm_music.nn import cell
from lstm_music.nn.model import LanguageModel, ModelConfig
from lstm_music.nn.model_file import load_model, save_model
from lstm_music.nn.optim import Adam

RATES = "zoneout_c=0.3,zoneout_h=0.2"
CELLS = [f"lstm:{RATES}", f"block:size=3,{RATES}", f"memory-gated:s_h=tanh,{RATES}"]
KEY = (3, 4)


@pytest.mark.parametrize("mask_key", [None, KEY])
@pytest.mark.parametrize("name", CELLS)
def test_gradients_of_a_cell(name, mask_key):
    made = cell.make(name, input_size=3, hidden_size=9, dtype="float64", rng_seed=1)
    rng = np.random.default_rng(0)
    x, state = rng.normal(size=(4, 3, 3)), rng.normal(size=(2, 3, 9))
    dy, dstate = rng.normal(size=(4, 3, 9)), rng.normal(size=(2, 3, 9))

    def loss() -> float:
        y, last, _ = made.forward(x, state, [4, 1, 3], mask_key=mask_key)
        return float((y * dy).sum() + (last * dstate).sum())

    tape = made.forward(x, state, [4, 1, 3], mask_key=mask_key)[2]
    dx, ds0, grads = made.backward(dy, tape, dstate)
    arrays = {"x": x, "state": state} | made.params
    error, where = worst_error(loss, arrays, {"x": dx, "state": ds0} | grads)
    assert error < 1e-6, where


@pytest.mark.parametrize("streams", [1, 3])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CELLS)
def test_every_gradient_of_a_model(name, backend, streams):
    """Masks of the one key in both directions, dropout beside them, tokens and embeddings."""
    config = dataclasses.replace(
        SMALL, n_rows=5, n_tokens=4, n_streams=streams, embedding_size=8, hidden_size=3, cell=name
    )
    model = LanguageModel.create(config, 0, dtype="float64", backend=backend_of(backend, 1))
    chunk = make_chunk(model, T=4, B=3)
    train(model, chunk, dropout_key=KEY)
    gradients = {key: value.copy() for key, value in model.grads.items()}

    def loss() -> float:
        nll, n_targets, _ = train(model, chunk, dropout_key=KEY)
        return nll / n_targets

    worst, where = worst_error(loss, model.params, gradients, at_most=15)
    assert worst < 1e-6, where


def test_masks_differ_by_key_and_layer_and_scoring_draws_none():
    config = dataclasses.replace(SMALL, cell=CELLS[0], hidden_size=50, dropout=0.0)
    model = LanguageModel.create(config, 0)
    chunk = make_chunk(model, T=6, B=4, ragged=False)
    chunk.state[1] = chunk.state[0].copy()
    first, again, other = (train(model, chunk, dropout_key=key) for key in (KEY, KEY, (3, 5)))
    assert first[0] == again[0] != other[0]
    one_step = make_chunk(model, T=1, B=4, ragged=False)
    one_step.state[1] = one_step.state[0].copy()
    _, _, after = train(model, one_step, dropout_key=KEY)
    kept = [new == old for new, old in zip(after, one_step.state)]
    assert 0.1 < kept[0].mean() < 0.4 and 0.1 < kept[1].mean() < 0.4
    assert (kept[0] != kept[1]).mean() > 0.2
    np.testing.assert_array_equal(score(model, chunk)[0], score(model, chunk)[0])
    assert not any((new == old).any() for new, old in zip(score(model, chunk)[1], chunk.state))


def test_threads_do_not_change_a_bit():
    config = ModelConfig(60, 45, 4, embedding_size=19, hidden_size=33, dropout=0.2, cell=CELLS[0])
    outcomes = []
    for n_threads in (1, 2, 3):
        model = LanguageModel.create(config, 3, backend=CpuBackend(n_threads))
        chunk = make_chunk(model, T=17, B=7)
        nll, _, state = train(model, chunk, dropout_key=KEY)
        outcomes.append([nll, model.flat_grads, *state, score(model, chunk)[0]])
    for other in outcomes[1:]:
        for a, b in zip(outcomes[0], other):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", CELLS)
def test_one_small_batch_is_learnt_through_the_masks(name):
    config = ModelConfig(40, 12, 2, embedding_size=16, cell=name, hidden_size=24, layers=2)
    model = LanguageModel.create(config, 0)
    chunk = make_chunk(model, T=12, B=4, ragged=False)
    chunk.targets = np.abs(chunk.targets)
    adam = Adam(model.flat_params.size, backend=model.backend)
    for update in range(300):
        model.flat_grads[:] = 0
        train(model, chunk, dropout_key=(0, update))
        adam.step(model.flat_params, model.flat_grads, 0.02, 1.0)
    assert score(model, chunk)[0].mean() < 0.15  # untrained: log 12 = 2.5


def test_a_file_keeps_the_rates(tmp_path):
    model = LanguageModel.create(dataclasses.replace(SMALL, cell=CELLS[0]), 0)
    save_model(tmp_path / "m.safetensors", model, "{}", {}, {})
    again, _ = load_model(tmp_path / "m.safetensors")
    assert again.spec.zoneout == (0.2, 0.3)
    chunk = make_chunk(model, T=5, B=2)
    np.testing.assert_array_equal(score(again, chunk)[0], score(model, chunk)[0])
