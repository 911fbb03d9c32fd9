"""Settings as a file: written with what they mean, read, overridden, refused by name."""

import dataclasses

import pytest

import lstm_music as lm
from lstm_music.training.config import TrainConfig
from lstm_music.training.settings import (
    SECTIONS,
    make_config,
    override,
    read_settings,
    to_toml,
)


def test_what_is_written_is_read_back(tmp_path):
    config = TrainConfig(hidden_size=48, optimiser="sgd", momentum=0.5, learning_rate=0.1)
    path = tmp_path / "train.toml"
    path.write_text(to_toml(config))
    assert make_config(read_settings(path)) == config


def test_every_setting_stands_in_one_table_and_is_explained():
    names = [name for table in SECTIONS.values() for name in table]
    assert sorted(names) == sorted(field.name for field in dataclasses.fields(TrainConfig))
    lines = to_toml(TrainConfig()).splitlines()
    for name in names:
        at = next(i for i, line in enumerate(lines) if f"{name} =" in line)
        assert lines[at - 1].startswith("# "), name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("training.learing_rate=1", "did you mean learning_rate"),
        ("training.hidden_size=1", "did you mean model.hidden_size"),
        ("hidden_size=1", "did you mean model.hidden_size"),
        ("nowhere.hidden_size=1", "did you mean model.hidden_size"),
        ("model.hidden_size", "must look like"),
    ],
)
def test_unknown_overrides_are_refused_with_a_suggestion(text, message):
    with pytest.raises(lm.ConfigError, match=message):
        override(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[model]\nhidden_sise = 3\n", "did you mean hidden_size"),
        ("hidden_size = 3\n", "must stand in a table"),
        ("[model\n", "cannot be read as TOML"),
        ('[training]\nbatch_size = "x"\n', "batch_size must be int, got 'x'"),
        ("[training]\nbatch_size = true\n", "batch_size must be int, got True"),
        ("[training]\nbatch_size = 0\n", "batch_size must be 1 or more, got 0"),
        ("[training]\nwarmup = 1.0\n", "warmup must be 0 or more, below 1"),
        ('[training]\nschedule = "steps"\n', "schedule must be one of cosine"),
    ],
)
def test_a_wrong_file_is_refused_in_words(tmp_path, content, message):
    path = tmp_path / "train.toml"
    path.write_text(content)
    with pytest.raises(lm.ConfigError, match=message):
        make_config(read_settings(path))


def test_a_whole_number_will_do_for_a_fraction():
    assert make_config({"learning_rate": 1, "threads": None}).learning_rate == 1


@pytest.mark.parametrize("text", ["[sampling]\ntemperature = 0", "name = ", "when = 2020-01-01"])
def test_a_data_card_that_cannot_be_used_is_refused_before_anything_is_read(tmp_path, text):
    card = tmp_path / "card.toml"
    card.write_text(text)
    with pytest.raises(lm.ConfigError, match=r"card.toml cannot be used"):
        lm.train(["nowhere"], tmp_path / "m.safetensors", data_card=card)
    assert [path.name for path in tmp_path.iterdir()] == ["card.toml"]
