"""benchmarks/train_on_own.py and last_weights.py: what makes a model after its training run."""

import sys

import last_weights
import numpy as np
import train_on_own
from corpus_data import cache_of, random_piece
from safetensors.numpy import load_file

import lstm_music as lm
from lstm_music.corpus.cache import token_cache
from lstm_music.evaluate.critic import Critic
from lstm_music.nn.model_file import load_model, save_model

MELODIES = 12


def melodies(rng):
    return [random_piece(rng, n_onsets=40, style="folk") for _ in range(MELODIES)]


def written(folder, pieces):
    folder.mkdir()
    for number, piece in enumerate(pieces):
        piece.write(folder / f"{number:02}.mid")
    return folder


def test_its_own_pieces_join_the_training_side_alone(tmp_path):
    rng = np.random.default_rng(3)
    real = cache_of(melodies(rng), sides=["train"] * 6 + ["valid"] * 3 + ["test"] * 3)
    both = train_on_own.with_own(real, written(tmp_path / "own", melodies(rng)), "folk")
    assert len(both.indices("train")) == len(real.indices("train")) + MELODIES
    for side in ("valid", "test"):
        assert both.indices(side).tolist() == real.indices(side).tolist()
    for i in range(len(real)):
        np.testing.assert_array_equal(both.piece_tokens(i), real.piece_tokens(i))


def test_it_writes_new_weights_and_no_critic_of_the_style(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(4)
    songs, cache = written(tmp_path / "songs", melodies(rng)), str(tmp_path / "corpus")
    own = written(tmp_path / "own", melodies(rng))
    model, new = str(tmp_path / "model.safetensors"), str(tmp_path / "new.safetensors")
    token_cache([f"{songs}=folk"], cache)
    lm.train(cache, model, hidden_size=8, embedding_size=4, layers=1, max_tokens=2_000)
    network, facts = load_model(model)
    level = (np.zeros(1), np.ones(1), np.zeros(2))
    critic = Critic(["notes a bar"], {4: level}).to_json()
    training = facts["training"] | {"critics": {"folk": critic, "lead": critic}}
    save_model(model, network, facts["vocabulary"], training, {}, storage=facts["storage"])
    words = ["", model, cache, "folk", str(own), "-o", new, "--tokens", "3000"]
    monkeypatch.setattr(sys, "argv", words)
    train_on_own.main()
    assert capsys.readouterr().out.count("nats a note") == 2
    taught, said = load_model(new)
    assert list(said["training"]["critics"]) == ["lead"]
    assert not np.allclose(taught.flat_params, network.flat_params, atol=1e-4)


def test_the_last_weights_are_those_that_the_run_ended_with(tmp_path, monkeypatch):
    songs = written(tmp_path / "songs", melodies(np.random.default_rng(5)))
    model, new = tmp_path / "model.safetensors", tmp_path / "new.safetensors"
    sizes = {"hidden_size": 8, "embedding_size": 4, "layers": 1, "max_tokens": 4_000}
    lm.train(songs, model, evaluate_every=1_000, learning_rate=0.5, **sizes)
    monkeypatch.setattr(sys, "argv", ["", str(model), str(new)])
    last_weights.main()
    ended = load_file(tmp_path / "model.run" / "last.safetensors")["params"]
    taught, said = load_model(new)
    np.testing.assert_array_equal(taught.flat_params, ended)
    assert not np.array_equal(load_model(model)[0].flat_params, ended)
    assert said["training"]["tokens"] >= 4_000
    assert said["training"]["best_loss"] == said["training"]["valid_loss"]
