"""docs/models.md: about the models that are bundled, with pictures that are there and small."""

import re
import runpy

import pytest
from paths import ROOT

import lstm_music as lm
from lstm_music.cli.generate import command as generate
from lstm_music.pretrained import model_names

PAGE = ROOT / "docs" / "models.md"
PICTURES = ROOT / "docs" / "models"
AGAIN = "write it again: python docs/make_models.py"


@pytest.fixture(scope="module")
def text():
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def make():
    return runpy.run_path(str(ROOT / "docs" / "make_models.py"))


def test_a_section_for_each_bundled_model(text):
    assert tuple(re.findall(r"^## (.*)$", text, re.M)) == model_names(), AGAIN


@pytest.mark.parametrize("name", model_names())
def test_what_is_told_of_a_model_is_what_its_file_says(name, text, make):
    composer = lm.load(name)
    assert make["description"](composer.metadata["data_card"]) in text, AGAIN
    assert make["training"](name, composer.metadata) in text, AGAIN


def test_every_picture_is_there_and_shown(text):
    shown = re.findall(r"\]\(models/([^)]+\.png)\)", text)
    there = {path.name: path.read_bytes() for path in PICTURES.glob("*.png")}
    assert sorted(shown) == sorted(there)
    assert len(shown) == 10 * len(model_names())
    assert all(data.startswith(b"\x89PNG") for data in there.values())
    assert max(map(len, there.values())) <= 40_000
    assert sum(map(len, there.values())) <= 2_500_000


def test_every_sample_can_be_heard(text):
    heard = re.findall(r"^\[.*\]\(models/([^)]+\.mid)\)$", text, re.M)
    assert sorted(heard) == sorted(path.name for path in PICTURES.glob("*.mid"))
    assert len(heard) == 5 * len(model_names())
    for name in heard:
        piece = lm.read(PICTURES / name)
        assert piece.bar_lines.bar_at(piece.end_steps - 1) + 1 <= 16
        assert len(piece.notes) > 16, AGAIN


def test_five_samples_of_each_model_with_commands_that_are_understood(text):
    commands = re.findall(r"^lstm-music generate (.*)$", text, re.M)
    seeds = {name: [] for name in model_names()}
    for line in commands:
        options = generate.make_context("generate", line.split()).params
        seeds[options["model"]].append(options["rng_seed"])
    assert set(map(tuple, seeds.values())) == {(1, 2, 3, 4, 5)}
