"""The bundled models: there, licensed, small, and each composes what its name says."""

from importlib import resources

import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.pretrained import model_names

NAMES = ("default", "chorale", "drums", "folk")
SPECIALISTS = NAMES[1:]
MOST_BYTES = 30_000_000


def test_four_models_within_the_limit():
    assert model_names() == NAMES
    files = resources.files("lstm_music.pretrained").iterdir()
    assert sum(len(f.read_bytes()) for f in files if f.name.endswith(".safetensors")) < MOST_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_the_file_says_where_the_model_comes_from(name):
    facts = lm.load(name).metadata
    card, training = facts["data_card"], facts["training"]
    assert card["name"] == name
    assert card["licence"].startswith("MIT")
    assert all(data["licence"] and data["pieces"] > 0 for data in card["data"])
    assert training["settings"]["max_tokens"] <= training["tokens"] + 1_000_000
    assert 0 < training["valid_nats_per_token"] < 3
    assert training["corpus"]["train"] > 0


@pytest.mark.parametrize("name", SPECIALISTS)
def test_a_specialist_composes_its_style_unasked(name):
    composer = lm.load(name)
    piece = composer.generate(bars=4, rng_seed=1)
    assert piece.style == name
    assert len(piece.notes) > 8
    assert all(track.is_drum for track in piece.tracks) == (name == "drums")


def test_a_specialist_refuses_other_styles():
    with pytest.raises(lm.ConfigError, match="style must be one of drums, got 'folk'"):
        lm.load("drums").generate(bars=1, style="folk")


def test_the_default_model_knows_every_style():
    with pytest.raises(lm.ConfigError, match="one of chorale, drums, folk, lead, got 'jazz'"):
        lm.load().generate(bars=1, style="jazz")


@pytest.mark.parametrize("name", SPECIALISTS)
def test_a_specialist_foresees_its_music_better(name):
    """On pieces that it was trained on: what matters here is that it is another model."""
    seed = {"chorale": "chorale", "folk": "jig", "drums": "drums"}[name]
    piece = lm.read(MIDI_DATA / f"{seed}.mid")
    mine, other = (lm.load(n).log_prob(piece).nats_per_note for n in (name, "default"))
    assert mine < other


def test_no_such_model_names_those_there_are():
    with pytest.raises(lm.ModelFileError, match="give default, chorale, drums, folk, or"):
        lm.load("jazz")
