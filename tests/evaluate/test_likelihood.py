"""Likelihood: the body alone is scored, per token and per note, style by style."""

from dataclasses import astuple

import numpy as np
import pytest
from corpus_data import cache_of, random_piece

from lstm_music.errors import TokenError
from lstm_music.evaluate.likelihood import (
    Likelihood,
    baselines,
    body_likelihood,
    body_start,
    likelihoods,
)
from lstm_music.evaluate.ngram import Uniform
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT

V = DEFAULT.n_tokens


@pytest.fixture(scope="module")
def cache():
    rng = np.random.default_rng(4)
    styles = ["folk"] * 6 + ["drums"] * 4
    return cache_of([random_piece(rng, 10 + i, style) for i, style in enumerate(styles)])


@pytest.mark.parametrize("style", ["folk", "drums"])
def test_header_is_not_scored_and_end_is(style):
    piece = random_piece(np.random.default_rng(1), 12, style)
    tokens = encode(piece)
    start = body_start(tokens)
    assert tokens[start - 1] == DEFAULT["body"].start
    log_probs = np.full(len(tokens) - 1, -2.0)
    log_probs[: start - 1] = -1000.0
    log_probs[-1] = -5.0
    likelihood = body_likelihood(tokens, log_probs)
    n = len(tokens) - start
    n_bars = piece.bar_lines.bar_at(piece.end_steps - 1) + 1
    assert likelihood == Likelihood(2.0 * (n - 1) + 5.0, n, 12, 1, n_bars)
    assert likelihood.nats_per_bar == pytest.approx(likelihood.nats / n_bars)
    assert likelihood.nats_per_note == pytest.approx((2.0 * (n - 1) + 5.0) / 12)


def test_by_style_and_together(cache):
    found = likelihoods(Uniform(V), cache, range(len(cache)))
    assert set(found) == {"folk", "drums", "all"}
    together = found["folk"] + found["drums"]
    assert astuple(found["all"]) == pytest.approx(astuple(together), rel=1e-12)  # another order
    assert (found["folk"].n_pieces, found["drums"].n_pieces) == (6, 4)
    assert found["folk"].n_notes == sum(range(10, 16))
    assert found["all"].nats_per_token == pytest.approx(np.log(V))


def test_baselines_stand_in_order_on_what_they_were_fitted_to(cache):
    models = baselines(list(cache))
    scores = [likelihoods(m, cache, range(10))["all"].nats_per_note for m in models.values()]
    assert list(models) == ["uniform", "unigram", "Kneser-Ney 5-gram"]
    assert scores[0] > scores[1] > scores[2] > 0


def test_nothing_has_no_mean():
    assert np.isnan(Likelihood().nats_per_token)
    assert np.isnan(Likelihood().nats_per_note)


def test_tokens_without_a_body():
    with pytest.raises(TokenError, match="body"):
        body_start(np.array([0, 1], np.int32))
