"""`lstm-music config` and the options of `train` that are no settings."""

import json
import shutil
import sys

import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.nn.model_file import load_model

TINY = ["--hidden-size=16", "--embedding-size=8", "--layers=1", "--batch-size=4"]
SHORT = ["--chunk-steps=32", "--max-tokens=3000", "--evaluate-every=1000", "--rng-seed=5"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("corpus") / "cache"


def test_config_init_show_check(call, tmp_path):
    assert call("config", "init")[:2] == (0, "train.toml\n")
    assert call("config", "init")[0] == 6
    assert call("config", "check", "train.toml")[:2] == (0, "train.toml: good\n")
    _, out, _ = call("config", "show", "train.toml", "--set", "model.hidden_size=99", "--json")
    assert json.loads(out)["hidden_size"] == 99
    (tmp_path / "train.toml").write_text("[model]\nhiden_size = 3\n")
    code, _, err = call("config", "check", "train.toml")
    assert code == 2
    assert "did you mean hidden_size" in err


def test_the_command_line_wins_over_set_and_set_over_the_file(call, tmp_path, cache):
    (tmp_path / "t.toml").write_text(
        "[model]\nhidden_size = 12\nembedding_size = 12\nlayers = 1\n[training]\nbatch_size = 3\n"
    )
    code, _, err = call(
        *("train", MIDI_DATA, "-o", "m.safetensors", "--cache", cache, *SHORT),
        *(
            "--config",
            "t.toml",
            "--set",
            "model.embedding_size=10",
            "--set",
            "model.hidden_size=14",
        ),
        "--hidden-size=16",
    )
    assert code == 0, err
    facts = load_model(tmp_path / "m.safetensors")[1]
    assert facts["sizes"]["hidden_size"] == 16
    assert facts["sizes"]["embedding_size"] == 10
    assert facts["training"]["settings"]["batch_size"] == 3


def test_a_dry_run_says_what_it_needs_and_leaves_nothing(call, tmp_path, cache):
    arguments = ["train", MIDI_DATA, "-o", "m.safetensors", "--cache", cache, *TINY, *SHORT]
    code, out, _ = call(*arguments, "--dry-run", "--json")
    assert code == 0
    needs = json.loads(out)
    assert needs["parameters"] > 1000
    assert needs["tokens"] == 3000
    assert needs["tokens_per_second"] > 0
    assert needs["seconds"] >= 0
    assert list(tmp_path.iterdir()) == []


def test_samples_and_a_picture_on_the_way(call, tmp_path, cache):
    arguments = ["train", MIDI_DATA, "-o", "m.safetensors", "--cache", cache, *TINY, *SHORT]
    assert call(*arguments, "--sample-minutes=0")[0] == 0
    samples = sorted((tmp_path / "m.run" / "samples").glob("*.mid"))
    assert samples
    assert len(lm.read(samples[-1]).notes) > 0
    assert (tmp_path / "m.run" / "losses.png").read_bytes().startswith(b"\x89PNG")


def test_fine_tuning_begins_where_the_model_stands(call, tmp_path, cache):
    arguments = ["--cache", cache, *SHORT, "--batch-size=4"]
    assert call("train", MIDI_DATA, "-o", "a.safetensors", *TINY, *arguments)[0] == 0
    first = load_model(tmp_path / "a.safetensors")[1]["training"]
    code, _, err = call(
        *("train", MIDI_DATA, "-o", "b.safetensors", "--from", "a.safetensors", *arguments)
    )
    assert code == 0, err
    model, facts = load_model(tmp_path / "b.safetensors")
    assert model.config.hidden_size == 16
    lines = (tmp_path / "b.run" / "metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["valid_loss"] < first["valid_nats_per_token"] + 0.05
    assert facts["training"]["best_loss"] < first["best_loss"]


def test_fine_tuning_refuses_another_network(call, tmp_path):
    arguments = ["train", MIDI_DATA, "-o", "b.safetensors", "--from"]
    code, _, err = call(*arguments, "default", "--hidden-size=48")
    assert (code, "--hidden-size must be left out: the model to begin with has 256" in err) == (
        2,
        True,
    )
    code, _, err = call(*arguments, "no_such_model")
    assert (code, "no such model" in err) == (4, True)
    shutil.copy(MIDI_DATA / "jig.mid", tmp_path / "jig.safetensors")
    code, _, err = call(*arguments, "jig.safetensors")
    assert (code, "not a model file" in err) == (4, True)


def test_tensorboard_reads_the_losses(call, tmp_path, cache):
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    arguments = ["train", MIDI_DATA, "-o", "m.safetensors", "--cache", cache, *TINY, *SHORT]
    assert call(*arguments, "--tensorboard")[0] == 0
    (events,) = (tmp_path / "m.run" / "tensorboard").iterdir()
    content = events.read_bytes()
    assert b"valid_loss" in content
    assert b"learning_rate" in content


def test_without_tensorboard_it_is_said_at_the_start(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    arguments = ["train", MIDI_DATA, "-o", "m.safetensors", "--tensorboard"]
    code, _, err = call(*arguments)
    assert (code, "pip install" in err) == (2, True)
