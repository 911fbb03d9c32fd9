"""The options of the stack: what each means, its gradients, chunks, threads, and that it learns."""

import dataclasses

import numpy as np
import pytest
from gradcheck import worst_error
from model_cases import (
    BACKENDS,
    EVERY,
    LEVELS,
    OPTIONS,
    SMALL,
    backend_of,
    make_chunk,
    score,
    train,
)

from lstm_music.backends.cpu import CpuBackend
from lstm_music.errors import ShapeError
from lstm_music.nn.model import LanguageModel, ModelConfig
from lstm_music.nn.optim import Adam

STARTS = np.array([True, False, True])
each_option = pytest.mark.parametrize("config", OPTIONS.values(), ids=list(OPTIONS))


def make_model(config, *, dtype="float64", backend=None):
    """A model with an initial state that is not zero, where it has one."""
    model = LanguageModel.create(config, 0, dtype=dtype, backend=backend)
    for name, value in model.params.items():
        if name.startswith("start."):
            value[...] = np.random.default_rng(1).normal(0, 0.5, value.shape)
    return model


@each_option
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_gradient_matches_finite_differences(backend, config):
    """Ragged lengths, a carried state beside sequences that start, dropout, places untold."""
    model = make_model(config, backend=backend_of(backend, 1))
    chunk = make_chunk(model, T=4, B=3)
    chunk.lengths[:] = 4, 3, 2
    options = {"dropout_key": (5, 8), "starts": STARTS}
    train(model, chunk, **options)
    gradients = {name: value.copy() for name, value in model.grads.items()}

    def loss():
        nll, n_targets, _ = train(model, chunk, **options)
        return nll / n_targets

    worst, where = worst_error(loss, model.params, gradients, at_most=8)
    assert worst < 1e-6, where


@each_option
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("level", LEVELS)
def test_compiled_equals_reference(level, dtype, config):
    models = [make_model(config, dtype=dtype, backend=backend_of(b)) for b in ("reference", level)]
    chunk = make_chunk(models[0], T=7, B=3)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    options = {"dropout_key": (1, 2), "starts": STARTS}
    results = [(*train(model, chunk, **options), *score(model, chunk)) for model in models]
    for a, b in zip(*results):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    for name, expected in models[0].grads.items():
        np.testing.assert_allclose(models[1].grads[name], expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_do_not_change_a_bit(dtype):
    config = ModelConfig(60, 45, 4, 33, hidden_size=33, layers=3, dropout=0.25, **EVERY)
    outcomes = []
    for n_threads in (1, 2, 3):
        backend = CpuBackend(n_threads)
        model = make_model(config, dtype=dtype, backend=backend)
        chunk = make_chunk(model, T=17, B=7)
        adam = Adam(model.flat_params.size, dtype=dtype, backend=backend)
        for update in range(3):
            model.flat_grads[:] = 0
            starts = np.arange(7) % 3 == update
            nll, _, chunk.state = train(model, chunk, dropout_key=(0, update), starts=starts)
            adam.step(model.flat_params, model.flat_grads, 1e-2, 0.1)
        outcomes.append([nll, model.flat_params, model.flat_grads, *chunk.state])
    for other in outcomes[1:]:
        for a, b in zip(outcomes[0], other):
            np.testing.assert_array_equal(a, b)


@each_option
def test_chunks_score_as_the_whole(config):
    model = make_model(config)
    whole = make_chunk(model, T=30, B=5)
    whole.state = model.initial_state(5)
    expected, expected_state = score(model, whole)
    state, parts = whole.state, []
    for start, stop in ((0, 1), (1, 14), (14, 30)):
        left = np.clip(whole.lengths - start, 0, stop - start)
        rows, targets = whole.rows[start:stop], whole.targets[start:stop]
        nll, state = model.score_chunk(rows, targets, state, left)
        parts.append(nll)
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-11, atol=1e-12)
    for a, b in zip(state, expected_state):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


@each_option
def test_nothing_past_a_length_matters(config):
    model = make_model(config)
    chunk = make_chunk(model, T=6, B=3)
    chunk.lengths[:] = 6, 0, 3
    first = train(model, chunk, starts=STARTS)
    grads = model.flat_grads.copy()
    past = np.arange(6)[:, None] >= chunk.lengths
    chunk.rows[past], chunk.targets[past] = 1, 6
    model.flat_grads[:] = 0
    assert train(model, chunk, starts=STARTS)[:2] == first[:2]
    np.testing.assert_array_equal(model.flat_grads, grads)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_one_small_batch_is_learnt_by_heart(cell):
    """With every option; dropout apart, which is there to prevent it."""
    model = LanguageModel.create(ModelConfig(40, 12, 2, 24, cell, 24, 2, 0.0, **EVERY), 0)
    chunk = make_chunk(model, T=12, B=3, ragged=False)
    chunk.targets = np.abs(chunk.targets)
    adam = Adam(model.flat_params.size, backend=model.backend)
    for _ in range(150):
        model.flat_grads[:] = 0
        nll, n_targets, _ = train(model, chunk, starts=STARTS)
        adam.step(model.flat_params, model.flat_grads, 0.02, 1.0)
    assert nll / n_targets < 0.01
    assert np.abs(model.params["start.0"]).max() > 0.01


def drop(config, key, shape=(6, 3, 5)):
    """What dropout leaves of ones."""
    y = np.ones(shape)
    make_model(config)._stack._drop(y, 1, key)
    return y


def test_a_variational_mask_is_the_same_at_every_step_and_in_no_two_rows():
    variational = OPTIONS["variational dropout"]
    y = drop(variational, 3, (6, 40, 50))
    assert set(np.unique(y)) == {0.0, y.max()}
    assert y.mean() == pytest.approx(1, abs=0.05)
    np.testing.assert_array_equal(y, np.broadcast_to(y[0], y.shape))
    assert len(np.unique(y[0], axis=0)) == 40
    assert not np.array_equal(drop(variational, 4, (6, 40, 50)), y)
    assert len(np.unique(drop(SMALL, 3, (6, 40, 50)).reshape(6, -1), axis=0)) == 6


@pytest.mark.parametrize("case", ["residual above the first", "residual throughout"])
def test_a_residual_layer_that_says_nothing_changes_nothing(case):
    """An LSTM without weights has h = 0, so the layer below it is what is heard."""
    config = OPTIONS[case]
    model = make_model(config)
    chunk = make_chunk(model, T=5, B=3)
    chunk.state = model.initial_state(3)
    silent = config.layers - 1
    for name in ("W", "U", "b"):
        model.params[f"layers.{silent}.{name}"][:] = 0
    shallow = make_model(dataclasses.replace(config, layers=silent))
    for name, value in shallow.params.items():
        value[...] = model.params[name]
    below = dataclasses.replace(chunk, state=chunk.state[:silent])
    np.testing.assert_array_equal(score(model, chunk)[0], score(shallow, below)[0])


def test_the_first_layer_is_residual_where_the_widths_match():
    model = make_model(dataclasses.replace(OPTIONS["residual throughout"], layers=1))
    chunk = make_chunk(model, T=5, B=3, ragged=False)
    chunk.state, chunk.targets = model.initial_state(3), np.abs(chunk.targets)
    for name in ("W", "U", "b"):
        model.params[f"layers.0.{name}"][:] = 0
    logits = model.params["embedding"][chunk.rows].sum(axis=2) @ model.params["head.W"].T
    p = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    expected = -np.log(np.take_along_axis(p, chunk.targets[..., None], axis=2)[..., 0])
    np.testing.assert_allclose(score(model, chunk)[0], expected, rtol=1e-12)


def test_a_tied_embedding_gets_the_gradient_of_both_its_uses():
    tied = make_model(OPTIONS["tied embedding"])
    untied = make_model(dataclasses.replace(tied.config, tied_embedding=False))
    for name, value in untied.params.items():
        value[...] = tied.params[name]
    chunk = make_chunk(tied, T=5, B=3)
    results = [train(model, chunk, dropout_key=(1, 1))[0] for model in (tied, untied)]
    assert results[0] == results[1]
    both = untied.grads["embedding"].copy()
    both[: tied.config.n_tokens] += untied.grads["head.W"]
    np.testing.assert_allclose(tied.grads["embedding"], both, rtol=0, atol=1e-15)
    assert tied.flat_params.size == untied.flat_params.size - untied.params["head.W"].size


def test_sequences_that_start_do_so_from_the_initial_state():
    model = make_model(OPTIONS["learned state"])
    chunk = make_chunk(model, T=4, B=3)
    begun = [s.copy() for s in chunk.state]
    for layer, state in enumerate(begun):
        state[:, STARTS] = model.params[f"start.{layer}"][:, None]
        np.testing.assert_array_equal(state[:, STARTS], model.initial_state(3)[layer][:, STARTS])
    held = [s.copy() for s in chunk.state]
    started = train(model, chunk, starts=STARTS)
    assert model.grads["start.0"].any()
    for a, b in zip(chunk.state, held):
        np.testing.assert_array_equal(a, b)  # what is given is left alone
    model.flat_grads[:] = 0
    carried = train(model, dataclasses.replace(chunk, state=begun))
    assert started[0] == carried[0]
    assert not model.grads["start.0"].any()  # a state that is carried on is nobody's start


def test_without_a_learnt_state_sequences_start_from_zero():
    model = make_model(SMALL)
    chunk = make_chunk(model, T=4, B=3)
    zeroed = [np.where(STARTS[:, None], 0, s) for s in chunk.state]
    assert train(model, chunk, starts=STARTS)[0] == train(
        model, dataclasses.replace(chunk, state=zeroed)
    )[0]  # fmt: skip


@pytest.mark.parametrize("starts", [np.ones(2, bool), np.ones(3, int), [True, True, True], True])
def test_wrong_starts_are_refused(starts):
    model = make_model(SMALL)
    with pytest.raises(ShapeError, match="starts must be bool"):
        train(model, make_chunk(model, T=4, B=3), starts=starts)
