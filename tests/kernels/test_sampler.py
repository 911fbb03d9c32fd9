"""Drawing tokens; the random numbers: Philox4x32-10, one for each (key, sequence, index)."""

import numpy as np
import pytest

from lstm_music.errors import ShapeError, TokenError
from lstm_music.kernels.sampler import Sampler, continue_tokens, philox_uniform
from lstm_music.kernels.step import Stepper, StepWeights
from lstm_music.nn.model import LanguageModel, ModelConfig


def test_philox_gives_the_published_words():
    # Random123's known answer for counter 0, key 0 starts 6627e8d5 e169c58d.
    words = (0x6627E8D5 << 21) | (0xE169C58D >> 11)
    assert philox_uniform(0, 0, 0) == words / 2**53


def test_philox_of_the_all_ones_counter_and_key():
    # Known answer for counter and key of all ones: 408f276d 41c83b0e.
    ones = 2**64 - 1
    assert philox_uniform(ones, ones, ones) == ((0x408F276D << 21) | (0x41C83B0E >> 11)) / 2**53


def test_numbers_are_even_and_streams_differ():
    draws = np.array([[philox_uniform(7, s, i) for i in range(2000)] for s in range(4)])
    assert draws.min() >= 0.0
    assert draws.max() < 1.0
    counts = np.histogram(draws, bins=20, range=(0, 1))[0]
    expected = draws.size / 20
    assert ((counts - expected) ** 2 / expected).sum() < 45  # chi2(19), p = 0.0007
    assert np.abs(np.corrcoef(draws)[np.triu_indices(4, 1)]).max() < 0.1


def chain(V=40, seed=3, **sampling):
    """A small model's tokens, and the same drawn here from its logits."""
    config = ModelConfig(V, V, 1, embedding_size=8, hidden_size=12, layers=2)
    model = LanguageModel.create(config, 0)
    model.params["head.W"][:] *= 20  # far from even
    stepper = Stepper(StepWeights(model))
    token, expected = 5, []
    for index in range(60):
        logits = stepper.step_py(np.array([token], np.int32)).astype(np.float64)
        token = choose(logits, philox_uniform(seed, 2, index), **sampling)
        expected.append(token)
    stepper.reset()
    sampler = Sampler(V, rng_seed=seed, sequence=2, **sampling)
    return continue_tokens([stepper], [sampler], 5, 60)[0].tolist(), expected


def choose(logits, u, temperature=1.0, top_k=0, top_p=1.0, min_p=0.0):
    """The definition of a draw."""
    weights = np.exp((logits - logits.max()) / temperature)
    order = np.argsort(-weights, kind="stable") if top_k or top_p < 1 else np.arange(len(logits))
    order = order[weights[order] >= max(min_p, 1e-9)]
    order = order[: top_k or None]
    shares = np.cumsum(weights[order]) / weights[order].sum()
    order = order[: np.searchsorted(shares, top_p * (1 - 1e-12)) + 1]
    shares = np.cumsum(weights[order])
    return int(order[np.searchsorted(shares, u * shares[-1], side="right")])


@pytest.mark.parametrize(
    "sampling",
    [
        {},
        {"temperature": 0.7},
        {"top_k": 3},
        {"top_p": 0.8},
        {"min_p": 0.1},
        {"temperature": 1.3, "top_k": 20, "top_p": 0.9, "min_p": 0.01},
    ],
    ids=str,
)
def test_tokens_are_drawn_as_defined(sampling):
    drawn, expected = chain(**sampling)
    assert len(set(drawn)) > 2
    assert drawn == expected


def test_all_tokens_come_as_often_as_they_should():
    config = ModelConfig(4, 4, 1, embedding_size=2, hidden_size=2, layers=1)
    model = LanguageModel.create(config, 0)
    model.params["head.W"][:] = 0
    model.params["head.b"][:] = np.log([0.1, 0.2, 0.3, 0.4])
    drawn = continue_tokens([Stepper(StepWeights(model))], [Sampler(4, rng_seed=1)], 0, 20_000)[0]
    shares = np.bincount(drawn, minlength=4) / len(drawn)
    np.testing.assert_allclose(shares, [0.1, 0.2, 0.3, 0.4], atol=0.015)  # 4 standard deviations


def test_what_cannot_be_drawn_is_refused():
    model = LanguageModel.create(ModelConfig(6, 6, 1, embedding_size=2, hidden_size=2), 0)
    stepper = Stepper(StepWeights(model))
    for sampler, token in ((Sampler(5), 0), (Sampler(6), 6), (Sampler(6), -1)):
        with pytest.raises(ShapeError, match="one stream"):
            continue_tokens([stepper], [sampler], token, 3)
    other = LanguageModel.create(ModelConfig(9, 6, 2, embedding_size=2, hidden_size=2), 0)
    with pytest.raises(ShapeError, match="one stream"):
        continue_tokens([Stepper(StepWeights(other))], [Sampler(6)], 0, 3)
    model.params["head.b"][:] = np.nan
    with pytest.raises(TokenError, match="NaN"):
        continue_tokens([Stepper(StepWeights(model))], [Sampler(6)], 0, 3)


def test_sequences_drawn_together_are_as_alone():
    config = ModelConfig(30, 30, 1, embedding_size=8, hidden_size=12)
    weights = StepWeights(LanguageModel.create(config, 0))
    together = continue_tokens(
        [Stepper(weights) for _ in range(5)], [Sampler(30, sequence=s) for s in range(5)], 3, 40
    )
    for s in range(5):
        alone = continue_tokens([Stepper(weights)], [Sampler(30, sequence=s)], 3, 40)
        np.testing.assert_array_equal(alone[0], together[s])
    with pytest.raises(ShapeError, match="one sampler"):
        continue_tokens([Stepper(weights)], [Sampler(30), Sampler(30)], 3, 4)
