"""What one update is made of: chunks together, smoothed targets, parts of a batch."""

from dataclasses import replace

import numpy as np
import pytest
from model_cases import SMALL, Chunk, make_chunk, score, train

from lstm_music.nn.model import LanguageModel


def model_of(**changes):
    return LanguageModel.create(replace(SMALL, **changes), 3, dtype="float64")


def rows_of(chunk, rows):
    lengths = None if chunk.lengths is None else chunk.lengths[rows]
    return Chunk(
        np.ascontiguousarray(chunk.rows[:, rows]),
        np.ascontiguousarray(chunk.targets[:, rows]),
        [np.ascontiguousarray(layer[:, rows]) for layer in chunk.state],
        lengths,
    )


@pytest.mark.parametrize("kind", ["step", "variational"])
def test_parts_of_a_batch_add_up_to_the_whole(kind):
    model = model_of(dropout_kind=kind)
    chunk = make_chunk(model, 7, 5)
    model.flat_grads[:] = 0
    sum_nll, n_targets, state = train(model, chunk, dropout_key=(1, 2))
    whole = model.flat_grads.copy()
    model.flat_grads[:] = 0
    nats, states = 0.0, []
    for rows in (slice(0, 2), slice(2, 5)):
        part = rows_of(chunk, rows)
        nll, _, last = train(
            model, part, dropout_key=(1, 2), mean_over=n_targets, part=(rows.start, 5)
        )
        nats += nll
        states.append(last)
    np.testing.assert_allclose(model.flat_grads, whole, rtol=0, atol=1e-13)
    assert nats == pytest.approx(sum_nll, rel=1e-13)
    for layer, pair in zip(state, zip(*states, strict=True), strict=True):
        np.testing.assert_allclose(np.concatenate(pair, axis=1), layer, rtol=0, atol=1e-13)


def test_chunks_together_have_the_mean_over_all_their_targets():
    model = model_of(dropout=0.0)
    chunks = [make_chunk(model, T, 3, seed=T) for T in (4, 9)]
    alone = []
    for chunk in chunks:
        model.flat_grads[:] = 0
        _, n, _ = train(model, chunk)
        alone.append((n, model.flat_grads.copy()))
    total = sum(n for n, _ in alone)
    model.flat_grads[:] = 0
    for chunk in chunks:
        train(model, chunk, mean_over=total)
    expected = sum(n / total * grads for n, grads in alone)
    np.testing.assert_allclose(model.flat_grads, expected, rtol=0, atol=1e-14)


def smoothed_loss(model, chunk, share):
    """Cross-entropy against (1 - share) onehot + share / V, by scoring every token."""
    valid = chunk.targets >= 0
    V = model.config.n_tokens
    own = score(model, chunk)[0]
    every = sum(
        score(model, replace(chunk, targets=np.where(valid, v, -1).astype(np.int32)))[0]
        for v in range(V)
    )
    _, n, _ = train(model, chunk)
    return float(((1 - share) * own + share / V * every).sum()) / n


def test_the_gradient_of_smoothed_targets_matches_finite_differences():
    model = model_of(dropout=0.0)
    chunk = make_chunk(model, 5, 3)
    share = 0.2
    model.flat_grads[:] = 0
    nll, _, _ = train(model, chunk, label_smoothing=share)
    grads = model.flat_grads.copy()
    assert nll == pytest.approx(float(score(model, chunk)[0].sum()))  # told without smoothing
    rng = np.random.default_rng(0)
    step = 1e-5
    for i in rng.choice(model.flat_params.size, 40, replace=False):
        held = model.flat_params[i]
        model.flat_params[i] = held + step
        above = smoothed_loss(model, chunk, share)
        model.flat_params[i] = held - step
        below = smoothed_loss(model, chunk, share)
        model.flat_params[i] = held
        assert grads[i] == pytest.approx((above - below) / (2 * step), abs=1e-8)
