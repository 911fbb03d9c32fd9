"""The bundled models: licensed, small, and they know what they were trained on."""

from importlib import resources

import pytest

import lstm_music as lm
from lstm_music.pretrained import model_names

MOST_BYTES = 30_000_000


def test_all_models_stay_within_the_limit():
    assert model_names()[0] == "default"
    files = resources.files("lstm_music.pretrained").iterdir()
    assert sum(len(f.read_bytes()) for f in files if f.name.endswith(".safetensors")) < MOST_BYTES


@pytest.mark.parametrize("name", model_names())
def test_the_file_says_where_the_model_comes_from(name):
    facts = lm.load(name).metadata
    card, training = facts["data_card"], facts["training"]
    assert card["name"] == name
    assert card["licence"].startswith("MIT")
    assert all(data["licence"] and data["pieces"] > 0 for data in card["data"])
    assert training["tokens"] >= training["settings"]["max_tokens"]
    assert 0 < training["valid_nats_per_token"] < 3
    assert training["corpus"]["train"] > 0


def test_the_default_model_knows_every_style():
    with pytest.raises(lm.ConfigError, match="one of chorale, drums, folk, lead, got 'jazz'"):
        lm.load().generate(bars=1, style="jazz")


def test_no_such_model_names_those_there_are():
    with pytest.raises(lm.ModelFileError, match=r"give default.*, or a \.safetensors file"):
        lm.load("jazz")
