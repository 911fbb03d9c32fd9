"""The whole network: gradients, chunks, threads, and that it learns."""

import dataclasses

import numpy as np
import pytest
from cell_cases import MAPS, on_map, units
from gradcheck import worst_error
from model_cases import BACKENDS, LEVELS, SMALL, backend_of, make_chunk, score, train

from lstm_music.backends.cpu import CpuBackend
from lstm_music.cells.registry import cell_names, cell_spec
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.nn.config import parameter_shapes
from lstm_music.nn.model import LanguageModel, ModelConfig
from lstm_music.nn.optim import Adam


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_gradient_matches_finite_differences(backend):
    """Two layers, ragged lengths, a carried state, dropout, several streams, places untold."""
    config = dataclasses.replace(SMALL, n_rows=5, n_tokens=4, embedding_size=2, hidden_size=3)
    model = LanguageModel.create(config, 0, dtype="float64", backend=backend_of(backend, 1))
    chunk = make_chunk(model, T=4, B=3)
    key = (5, 8)
    train(model, chunk, dropout_key=key)
    gradients = {name: value.copy() for name, value in model.grads.items()}

    def loss() -> float:
        nll, n_targets, _ = train(model, chunk, dropout_key=key)
        return nll / n_targets

    worst, where = worst_error(loss, model.params, gradients)
    assert worst < 1e-6, where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("level", LEVELS)
def test_compiled_equals_reference(level, dtype):
    models = [
        LanguageModel.create(SMALL, 1, dtype=dtype, backend=backend_of(name))
        for name in ("reference", level)
    ]
    chunk = make_chunk(models[0], T=7, B=4)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    results = [(*train(model, chunk, dropout_key=(1, 2)), *score(model, chunk)) for model in models]
    for a, b in zip(*results):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    for name, expected in models[0].grads.items():
        np.testing.assert_allclose(models[1].grads[name], expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_do_not_change_a_bit(dtype):
    config = ModelConfig(60, 45, 4, embedding_size=19, hidden_size=33, layers=2, dropout=0.25)
    outcomes = []
    for n_threads in (1, 2, 3, 5):
        backend = CpuBackend(n_threads)
        model = LanguageModel.create(config, 3, dtype=dtype, backend=backend)
        chunk = make_chunk(model, T=17, B=7)
        adam = Adam(model.flat_params.size, dtype=dtype, backend=backend)
        for update in range(3):
            model.flat_grads[:] = 0
            nll, _, state = train(model, chunk, dropout_key=(0, update))
            adam.step(model.flat_params, model.flat_grads, 1e-2, 0.1)
            chunk.state = state
        outcomes.append([nll, model.flat_params, model.flat_grads, *state, score(model, chunk)[0]])
    for other in outcomes[1:]:
        for a, b in zip(outcomes[0], other):
            np.testing.assert_array_equal(a, b)


def test_chunks_score_as_the_whole():
    model = LanguageModel.create(SMALL, 2, dtype="float32")
    whole = make_chunk(model, T=40, B=5)
    expected, expected_state = score(model, whole)
    state, parts = whole.state, []
    for start, stop in ((0, 1), (1, 14), (14, 40)):
        left = np.clip(whole.lengths - start, 0, stop - start)
        nll, state = model.score_chunk(
            whole.rows[start:stop], whole.targets[start:stop], state, left
        )
        parts.append(nll)
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-6, atol=1e-6)
    for a, b in zip(state, expected_state):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_a_chunk_above_the_head_block_scores_alike():
    """More places than logits are held at once."""
    config = dataclasses.replace(SMALL, hidden_size=3, layers=1)
    model = LanguageModel.create(config, 2, dtype="float64")
    chunk = make_chunk(model, T=700, B=7, ragged=False)
    nll, n_targets, _ = train(model, chunk, dropout_key=(1, 1))
    assert n_targets == np.count_nonzero(chunk.targets >= 0)
    parts = [score(model, make_part(chunk, b))[0] for b in range(7)]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), score(model, chunk)[0], rtol=1e-12)
    assert np.isfinite(nll)


def make_part(chunk, b):
    """One batch row of a chunk."""
    state = [np.ascontiguousarray(s[:, b : b + 1]) for s in chunk.state]
    return dataclasses.replace(
        chunk, rows=chunk.rows[:, b : b + 1], targets=chunk.targets[:, b : b + 1], state=state
    )


def test_nothing_past_a_length_matters():
    model = LanguageModel.create(SMALL, 4, dtype="float64")
    chunk = make_chunk(model, T=6, B=4)
    first = train(model, chunk, dropout_key=(0, 0))
    grads = model.flat_grads.copy()
    past = np.arange(6)[:, None] >= chunk.lengths
    chunk.rows[past], chunk.targets[past] = 1, 6
    model.flat_grads[:] = 0
    second = train(model, chunk, dropout_key=(0, 0))
    assert first[:2] == second[:2]
    np.testing.assert_array_equal(model.flat_grads, grads)
    assert not score(model, chunk)[0][past].any()


def test_gradients_accumulate_and_dropout_keys_differ():
    model = LanguageModel.create(SMALL, 4, dtype="float64")
    chunk = make_chunk(model, T=6, B=4)
    once = train(model, chunk, dropout_key=(0, 1))[0]
    first = model.flat_grads.copy()
    assert train(model, chunk, dropout_key=(0, 1))[0] == once
    np.testing.assert_allclose(model.flat_grads, 2 * first, rtol=1e-12, atol=1e-15)
    assert train(model, chunk, dropout_key=(0, 2))[0] != once
    assert train(model, chunk, dropout_key=(1, 1))[0] != once


def test_a_chunk_without_targets_has_no_gradient_but_moves_the_state():
    model = LanguageModel.create(SMALL, 4)
    chunk = make_chunk(model, T=3, B=2, ragged=False)
    chunk.targets[:] = -1
    nll, n_targets, state = train(model, chunk)
    assert (nll, n_targets) == (0, 0)
    assert not model.flat_grads.any()
    assert np.abs(state[0] - chunk.state[0]).max() > 0.01


def test_the_state_given_is_left_alone():
    model = LanguageModel.create(SMALL, 4)
    chunk = make_chunk(model, T=3, B=2)
    held = [s.copy() for s in chunk.state]
    _, _, after_train = train(model, chunk)
    _, after_score = score(model, chunk)
    train(model, chunk)  # may not write into states handed out before
    for a, b in zip(chunk.state, held):
        np.testing.assert_array_equal(a, b)
    assert all(np.isfinite(s).all() for s in (*after_train, *after_score))


@pytest.mark.parametrize("cell", [*cell_names(), *MAPS])
def test_one_small_batch_is_learnt_by_heart(cell):
    D, H = on_map(cell_spec(cell), 16), units(cell, 24)
    config = ModelConfig(40, 12, 2, embedding_size=D, cell=cell, hidden_size=H, layers=2)
    model = LanguageModel.create(config, 0)
    chunk = make_chunk(model, T=12, B=4, ragged=False)
    chunk.targets = np.abs(chunk.targets)
    adam = Adam(model.flat_params.size, backend=model.backend)
    for update in range(200):
        model.flat_grads[:] = 0
        nll, n_targets, _ = train(model, chunk, dropout_key=(0, update))
        adam.step(model.flat_params, model.flat_grads, 0.02, 1.0)
    assert nll / n_targets < 0.01
    assert score(model, chunk)[0].mean() < 0.01


def test_initial_weights_are_a_function_of_the_seed():
    a, b, c = (LanguageModel.create(SMALL, seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(a.flat_params, b.flat_params)
    assert not np.array_equal(a.flat_params, c.flat_params)
    assert list(a.params) == list(parameter_shapes(SMALL))
    H = SMALL.hidden_size
    for layer in range(2):
        bias = a.params[f"layers.{layer}.b"].reshape(4, H)
        assert bias.sum(axis=1).tolist() == [0, H, 0, 0]  # the forget gate starts open
        assert 0 < np.abs(a.params[f"layers.{layer}.U"]).max() <= H**-0.5
    assert not a.params["head.b"].any()


def test_parameters_are_views_on_the_flat_buffer():
    model = LanguageModel.create(SMALL, 0)
    model.flat_params[:] = 0
    assert not any(value.any() for value in model.params.values())
    assert sum(value.size for value in model.params.values()) == model.flat_params.size


@pytest.mark.parametrize(
    "change",
    [
        {"rows": np.zeros((3, 2, 2), np.int32)},
        {"rows": np.full((3, 2, 3), 11, np.int32)},
        {"targets": np.full((3, 2), 7, np.int32)},
        {"targets": np.zeros((2, 2), np.int32)},
        {"targets": np.zeros((3, 2), np.int64)},
        {"state": []},
        {"state": [np.zeros((2, 2, 5))] * 2},
        {"lengths": np.array([4, 0], np.int32)},
    ],
)
def test_wrong_arguments_are_refused(change):
    model = LanguageModel.create(SMALL, 0)
    chunk = dataclasses.replace(make_chunk(model, T=3, B=2, ragged=False), **change)
    for call in (train, score):
        with pytest.raises(ShapeError):
            call(model, chunk)


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_size": 0},
        {"layers": 2.0},
        {"n_tokens": True},
        {"dropout": 1.0},
        {"dropout": float("nan")},
        {"cell": "no such cell"},
        {"cell": 3},
        {"cell": "conv-lstm:size=3"},
        {"cell": "conv-lstm:size=5"},
        {"n_rows": 1 << 40},
        {"dropout_kind": "zoneout"},
        {"dropout_kind": 1},
        {"residual": 1},
        {"learned_state": None},
        {"tied_embedding": True},
        {"tied_embedding": True, "embedding_size": 5, "n_rows": 6},
    ],
)
def test_wrong_sizes_are_refused(change):
    with pytest.raises(ConfigError):
        dataclasses.replace(SMALL, **change)


def test_other_dtypes_are_refused():
    with pytest.raises(ConfigError, match="float32 or float64"):
        LanguageModel.create(SMALL, 0, dtype="float16")


def test_any_loss_of_the_logits_trains_as_cross_entropy_does():
    """The same loss, written in NumPy, and logits that score as the model does."""
    config = dataclasses.replace(SMALL, dropout=0.0)
    model = LanguageModel.create(config, 6, dtype="float64", backend=CpuBackend(1))
    chunk = make_chunk(model, T=5, B=3)
    nll, n_targets, last = train(model, chunk)
    expected = model.flat_grads.copy()
    model.flat_grads[:] = 0
    targets = chunk.targets.reshape(-1)

    def cross_entropy(places, logits):
        wanted = targets[places]
        rows = np.flatnonzero(wanted >= 0)
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        logits[...] = 0
        logits[rows] = np.exp(log_p[rows]) / n_targets
        logits[rows, wanted[rows]] -= 1 / n_targets
        return -float(log_p[rows, wanted[rows]].sum())

    loss, state = model.loss_chunk(chunk.rows, chunk.state, cross_entropy, chunk.lengths)
    np.testing.assert_allclose(model.flat_grads, expected, atol=1e-12)
    np.testing.assert_array_equal(state, last)
    logits, _ = model.logits_chunk(chunk.rows, chunk.state, chunk.lengths)
    within = (np.arange(5)[:, None] < chunk.lengths) & (chunk.targets >= 0)
    log_p = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    picked = np.take_along_axis(log_p, np.maximum(chunk.targets, 0)[..., None], 2)[..., 0]
    assert -picked[within].sum() == pytest.approx(nll)
    assert loss > nll  # places past the ends are in the sum, and have no gradient


def test_features_are_what_the_head_sees():
    model = LanguageModel.create(SMALL, 6, dtype="float64", backend=CpuBackend(1))
    chunk = make_chunk(model, T=5, B=3)
    features, last = model.feature_chunk(chunk.rows, chunk.state, chunk.lengths)
    logits, after = model.logits_chunk(chunk.rows, chunk.state, chunk.lengths)
    within = np.arange(5)[:, None] < chunk.lengths
    expected = features @ model.params["head.W"].T + model.params["head.b"]
    np.testing.assert_allclose(logits[within], expected[within], atol=1e-12)
    np.testing.assert_array_equal(last, after)
