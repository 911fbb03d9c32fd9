"""The network beside the baselines, on the same pieces and by the same sums."""

import json

import numpy as np
import pytest
from corpus_data import cache_of, random_piece
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.cli.main import run
from lstm_music.evaluate.compare import compare, piece_likelihood
from lstm_music.nn.model import LanguageModel, ModelConfig
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT

V = DEFAULT.n_tokens


@pytest.fixture(scope="module")
def cache():
    rng = np.random.default_rng(3)
    pieces = [random_piece(rng) for _ in range(24)]
    return cache_of(pieces, ["train"] * 18 + ["valid"] * 3 + ["test"] * 3)


@pytest.fixture(scope="module")
def model():
    sizes = ModelConfig(
        DEFAULT.n_rows, V, DEFAULT.n_streams, embedding_size=8, hidden_size=12, layers=1
    )
    return LanguageModel.create(sizes, 0)


def test_every_model_scores_the_same_notes(cache, model):
    table = compare(model, cache, "test", order=3)
    counts = {(row["pieces"], row["notes"]) for row in table["all"].values()}
    assert counts == {(3, 36)}
    assert list(table["all"]) == [
        "uniform",
        "unigram",
        "Kneser-Ney 3-gram",
        "Kneser-Ney 3-gram, 7 transpositions",
        "this model",
    ]
    assert table["all"]["uniform"]["nats_per_token"] == pytest.approx(np.log(V))
    assert table["all"]["unigram"]["nats_per_token"] < np.log(V)
    # A network that has learnt nothing knows about as much as the uniform distribution.
    assert table["all"]["this model"]["nats_per_token"] == pytest.approx(np.log(V), rel=0.05)


def test_the_network_is_scored_on_the_body_alone(cache, model):
    piece = random_piece(np.random.default_rng(8))
    score = piece_likelihood(model, piece)
    tokens = encode(piece)
    body = len(tokens) - 1 - int(np.argmax(tokens == DEFAULT["body"].start))
    assert (score.n_tokens, score.n_notes, score.n_pieces) == (body, 12, 1)


def test_no_piece_on_a_side_is_a_clear_error(model):
    rng = np.random.default_rng(4)
    alone = cache_of([random_piece(rng) for _ in range(3)], ["train"] * 3)
    with pytest.raises(lm.ConfigError, match="0 test pieces"):
        compare(model, alone, "test")


def test_the_command_line_prints_every_model(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    args = ["evaluate", str(MIDI_DATA), "--cache", "c.cache", "--side", "valid"]
    assert run([*args, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["all"]
    assert {"uniform", "unigram", "Kneser-Ney 5-gram", "this model"} <= set(rows)
    assert run(args) == 0
    assert f"{rows['this model']['nats_per_note']:.3f} nats/note" in capsys.readouterr().out


def test_the_bundled_model_foresees_a_chorale_that_it_never_saw():
    piece = lm.read(MIDI_DATA / "chorale_machine.mid")
    score = lm.load().log_prob(piece)
    assert score.n_notes == len(piece.notes)
    assert score.nats_per_note < 3.0  # 21.9 for a uniform guess


def test_a_corpus_without_music(capsys, tmp_path):
    (tmp_path / "music").mkdir()
    code = run(["evaluate", str(tmp_path / "music"), "--cache", str(tmp_path / "c.cache")])
    assert code == 2
    assert "no usable piece" in capsys.readouterr().err
