"""The gradient of the objective, against finite differences and the exact expectation."""

import itertools

import numpy as np
import pytest
from gradcheck import worst_error
from model_cases import SMALL, make_chunk

from lstm_music.backends.cpu import CpuBackend
from lstm_music.nn.config import ModelConfig
from lstm_music.nn.model import LanguageModel
from lstm_music.reinforcement.policy import (
    PolicyLoss,
    advantages,
    divergence,
    log_policy,
    next_kl_weight,
)

V, T = 3, 3
TEMPERATURE, KL_WEIGHT = 0.7, 0.4
MASKS = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0]], bool)
REWARD = np.random.default_rng(5).normal(size=(V,) * T)


def tiny(seed):
    config = ModelConfig(V, V, 1, embedding_size=2, hidden_size=3, layers=1)
    model = LanguageModel.create(config, seed, dtype="float64", backend=CpuBackend(1))
    model.params["head.W"][...] *= 4  # sure of itself, so that divergences are no rounding
    return model


def legal(sequence):
    """Whether the masks, which hang on the token before, let a sequence be drawn."""
    return all(MASKS[before, token] for before, token in itertools.pairwise((0, *sequence)))


SEQUENCES = [s for s in itertools.product(range(V), repeat=T) if legal(s)]
INPUTS = np.array([(0, *s[:-1]) for s in SEQUENCES], np.int32).T  # (T, all sequences)


def policy_of(model):
    """(T, all sequences, V) log-probabilities."""
    state = model.initial_state(len(SEQUENCES))
    logits, _ = model.logits_chunk(np.ascontiguousarray(INPUTS[:, :, None]), state)
    flat = log_policy(logits.reshape(-1, V), MASKS[INPUTS.reshape(-1)], TEMPERATURE)
    return flat.reshape(logits.shape)


def drawn_under(model, prior):
    """The policy, its divergences (T, all sequences) and how likely each sequence is."""
    log_p, log_q = policy_of(model), policy_of(prior)
    kl = divergence(log_p.reshape(-1, V), log_q.reshape(-1, V)).reshape(INPUTS.shape)
    chosen = np.take_along_axis(log_p, np.array(SEQUENCES).T[:, :, None], 2)[:, :, 0]
    return log_q, kl, np.exp(chosen.sum(axis=0))


def objective(model, prior):
    """The expected objective of a piece, exactly: over every sequence that can be drawn."""
    _, kl, share = drawn_under(model, prior)
    rewards = np.array([REWARD[s] for s in SEQUENCES])
    return float(share @ (rewards - KL_WEIGHT * kl.sum(axis=0)))


def expected_gradient(model, prior):
    """The mean of the estimate from two sequences, over all pairs, each as likely as it is."""
    log_q, kl, share = drawn_under(model, prior)
    for i, sequence in enumerate(SEQUENCES):
        # Of each possible partner: the estimate is linear in the gains.
        gain = sum(
            share[j] * advantages([REWARD[sequence], REWARD[other]], kl.T[[i, j]], KL_WEIGHT)[0]
            for j, other in enumerate(SEQUENCES)
        )
        allowed = MASKS[INPUTS[:, i]]
        loss = PolicyLoss(
            np.array(sequence), allowed, log_q[:, i], gain, KL_WEIGHT, TEMPERATURE, share[i]
        )
        rows = np.ascontiguousarray(INPUTS[:, i, None, None])
        model.loss_chunk(rows, model.initial_state(1), loss)
    return {name: value.copy() for name, value in model.grads.items()}


def test_the_estimate_is_right_in_the_mean():
    """Masked, renormalised, at a temperature; reward, divergence and baseline together."""
    model, prior = tiny(1), tiny(2)
    assert drawn_under(model, prior)[2].sum() == pytest.approx(1)
    gradients = expected_gradient(model, prior)
    worst, where = worst_error(lambda: -objective(model, prior), model.params, gradients)
    assert worst < 1e-6, where


def test_the_loss_has_the_gradient_that_it_says():
    """Of random masks and advantages, ragged lengths, two layers, in float64."""
    model = LanguageModel.create(SMALL, 3, dtype="float64", backend=CpuBackend(1))
    chunk = make_chunk(model, T=4, B=3)
    n, size = chunk.targets.size, SMALL.n_tokens
    rng = np.random.default_rng(0)
    choices = rng.integers(0, size, n)
    allowed = rng.random((n, size)) < 0.6
    allowed[np.arange(n), choices] = True
    log_prior = log_policy(rng.normal(size=(n, size)), allowed, 1.3)
    loss = PolicyLoss(choices, allowed, log_prior, rng.normal(size=n), 0.5, 1.3, 0.25)
    past = (np.arange(4)[:, None] >= chunk.lengths).reshape(-1)

    def value():
        logits, _ = model.logits_chunk(chunk.rows, chunk.state, chunk.lengths)
        logits = logits.reshape(n, -1)
        return sum(loss_of_place(loss, i, logits) for i in np.flatnonzero(~past))

    model.loss_chunk(chunk.rows, chunk.state, loss, chunk.lengths)
    gradients = {name: value.copy() for name, value in model.grads.items()}
    worst, where = worst_error(value, model.params, gradients, at_most=8)
    assert worst < 1e-6, where


def loss_of_place(loss, i, logits):
    """The definition, a place at a time."""
    open_ = np.flatnonzero(loss.allowed[i])
    p = np.exp(logits[i, open_] / loss.temperature)
    p /= p.sum()
    kl = (p * (np.log(p) - loss.log_prior[i, open_])).sum()
    (chosen,) = np.flatnonzero(open_ == loss.choices[i])
    return loss.scale * (loss.kl_weight * kl - loss.advantage[i] * np.log(p[chosen]))


def test_what_is_not_allowed_has_no_share_and_no_gradient():
    logits = np.array([[1.0, 5.0, 2.0]])
    allowed = np.array([[True, False, True]])
    log_p = log_policy(logits, allowed, 0.5)
    assert np.exp(log_p).sum() == pytest.approx(1)
    assert log_p[0, 1] == -np.inf
    assert log_p[0, 2] - log_p[0, 0] == pytest.approx(2.0)
    loss = PolicyLoss(np.array([2]), allowed, log_p, np.array([1.0]), 1.0, 0.5, 1.0)
    given = logits.copy()
    loss(slice(0, 1), given)
    assert given[0, 1] == 0
    assert given[0, 0] == pytest.approx(-given[0, 2])
    assert given[0, 2] < 0  # likelier: the loss falls as its logit rises


def test_an_advantage_is_the_return_less_that_of_the_others():
    kls = [np.array([1.0, 2.0, 4.0]), np.array([8.0])]
    first, second = advantages([10.0, 3.0], kls, kl_weight=0.5)
    np.testing.assert_allclose(first, [10 - 3 - 3, 10 - 2 - 3, 10 - 3])
    np.testing.assert_allclose(second, [3 - (10 - 3)])


def test_the_price_follows_the_target():
    assert next_kl_weight(1.0, 0.05, 0.1) == pytest.approx(0.9)
    assert next_kl_weight(1.0, 0.11, 0.1) == pytest.approx(1.05)
    assert next_kl_weight(1.0, 9.0, 0.1) == pytest.approx(1.1)
