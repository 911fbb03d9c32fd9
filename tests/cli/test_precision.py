"""The option --precision, wherever a command is told what composes."""

import json

import pytest
from paths import MIDI_DATA

from lstm_music.cli import run_options
from lstm_music.composer import load
from lstm_music.generate.asking.record import USUAL_PRECISION, find_record
from lstm_music.kernels.step import PRECISIONS

CHORALE = MIDI_DATA / "chorale.mid"


@pytest.fixture
def loaded(monkeypatch):
    """The precisions that composers were loaded with."""
    told = []

    def tell(name, precision, backend="cpu"):
        told.append(precision)
        return load(name, precision=precision, backend=backend)

    monkeypatch.setattr("lstm_music.composer.load", tell)
    return told


def test_it_offers_what_there_is():
    @run_options.precision
    def command():
        """Do nothing."""

    (option,) = command.__click_params__
    assert sorted(option.type.choices) == sorted(PRECISIONS)
    assert option.default == USUAL_PRECISION


def test_again_composes_in_the_same_precision(call, loaded, tmp_path):
    words = ("generate", "--seed", CHORALE, "--bars", 2, "--rng-seed", 4, "--json")
    facts = json.loads(call(*words, "--precision", "int8", "-o", "brief.mid")[1])
    assert facts["precision"] == "int8"
    assert find_record((tmp_path / "brief.mid").read_bytes()).precision == "int8"
    code, out, _ = call("again", "brief.mid", "--seed", CHORALE, "-o", "again.mid", "--json")
    assert code == 0
    assert json.loads(out)["precision"] == "int8"
    assert (tmp_path / "again.mid").read_bytes() == (tmp_path / "brief.mid").read_bytes()
    assert json.loads(call(*words, "-o", "usual.mid")[1])["precision"] == "bfloat16"
    assert loaded == ["int8", "int8", "bfloat16"]


@pytest.mark.parametrize(
    "words",
    [("infill", "--bars", "2-2"), ("accompany", "--with", "bass"), ("vary", "--keep", "rhythm")],
)
def test_every_task_takes_it(call, loaded, words):
    task, *rest = words
    code, _, err = call(task, CHORALE, *rest, "--precision", "float32", "--drafts", 1)
    assert code == 0, err
    assert loaded == ["float32"]


def test_another_one_is_refused(call):
    code, _, err = call("generate", "--precision", "int4")
    assert code == 2
    assert "int8" in err


def test_info_says_what_composes_and_trains_here(call):
    facts = json.loads(call("info", "--json")[1])
    assert facts["precisions"]["composing"] == list(PRECISIONS)
    assert facts["precisions"]["training"][0] == "float32"
