"""`lstm-music train --method ...`: without gradients, from a folder to a model that composes."""

import json
import math

import numpy as np
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.cli.main import run as run_cli
from lstm_music.errors import ConfigError
from lstm_music.evolution.token_readout import ridge_head, softmax_nats, svm_head
from lstm_music.nn.model_file import load_model
from lstm_music.tokens.vocabulary import DEFAULT

SETTINGS = {
    "hidden_size": 8,
    "embedding_size": 4,
    "layers": 1,
    "batch_size": 4,
    "chunk_steps": 32,
    "population": 8,
    "evaluate_every": 3_000,
    "max_tokens": 3_000,
    "rng_seed": 5,
    "threads": 1,
}
METHODS = {
    "es": {"sigma": 0.02},
    "ga": {"sigma": 0.01},
    "cma": {"sigma": 0.01},
    "evolino": {"max_tokens": 60_000, "evaluate_every": 60_000},
}
GUESS = math.log(DEFAULT.n_tokens)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def train(output, cache, method, **options):
    lm.train(MIDI_DATA, output, cache=cache, method=method, **SETTINGS | METHODS[method] | options)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_ends_far_below_a_guess_and_goes_on_bit_for_bit(method, cache, tmp_path):
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    train(whole, cache, method)
    notes = ["time is up"]
    rounds = 0
    while any("time is up" in note for note in notes):
        notes = []
        train(parts, cache, method, resume=True, time_limit=0, on_note=notes.append)
        rounds += 1
    assert rounds > 1
    assert parts.read_bytes() == whole.read_bytes()
    lines = [json.loads(x) for x in (tmp_path / "whole.run/metrics.jsonl").read_text().splitlines()]
    assert len(lines) >= 2
    assert min(line["valid_loss"] for line in lines) < GUESS - 1.5


def test_the_model_of_a_method_composes(cache, tmp_path):
    train(tmp_path / "m.safetensors", cache, "evolino")
    piece = lm.load(tmp_path / "m.safetensors").generate(bars=2, meter="4/4", rng_seed=1)
    assert piece.meters


def test_two_processes_that_score_change_nothing(cache, tmp_path):
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    train(one, cache, "es", population=16)
    train(two, cache, "es", population=16, jobs=2)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        ("cma", {"covariance": "full"}, "1,000 parameters at most"),
        ("cma", {"hidden_size": 256}, "50,000 parameters"),
        ("evolino", {"tied_embedding": True, "embedding_size": 8}, "tied_embedding"),
        ("evolino", {"chunk_steps": 16}, "32 chunk_steps"),
        ("es", {"population": 7}, "even"),
        ("es", {"sigma": -1.0}, "sigma"),
    ],
)
def test_what_does_not_suit_a_method_is_refused(method, options, words, cache, tmp_path):
    with pytest.raises(ConfigError, match=words):
        train(tmp_path / "m.safetensors", cache, method, **options)


def test_the_command_line_knows_the_methods(capsys, tmp_path, cache):
    output = tmp_path / "m.safetensors"
    options = [f"--{name.replace('_', '-')}={x}" for name, x in SETTINGS.items()]
    argv = ["train", str(MIDI_DATA), "-o", str(output), "--cache", str(cache), *options]
    assert run_cli([*argv, "--method=ga", "--max-tokens=2000"]) == 0
    assert load_model(output)[1]["training"]["settings"]["method"] == "ga"
    assert run_cli([*argv, "--force", "--method=cma", "--covariance=full"]) == 2
    assert "1,000 parameters at most" in capsys.readouterr().err
    assert run_cli([*argv, "--force", "--method=hope"]) == 2


def drawn(rng, n):
    """Features that tell tokens 0..3 apart, but not token 4 from them; token 5 never comes."""
    tokens = rng.integers(0, 5, n)
    places = np.array([[2, 0], [-2, 0], [0, 2], [0, -2], [0, 0]])
    return places[tokens] + rng.normal(0, 1, (n, 2)), tokens


@pytest.mark.parametrize("fit", [ridge_head, svm_head])
def test_a_closed_form_head_comes_near_the_best_softmax(fit):
    rng = np.random.default_rng(0)
    features, tokens = drawn(rng, 2000)
    W, b = fit(features, tokens, 6)
    new, follow = drawn(rng, 2000)
    nats = softmax_nats(new @ W.T + b, follow)
    assert nats < 1.2  # 1.61 without a look at the features; 1.05 where all is known
    assert np.isfinite(W).all()
    assert np.isfinite(b).all()
