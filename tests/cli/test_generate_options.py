"""Every option of `lstm-music generate` reaches the composer."""

import json

import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.nn.sampling import Sampling

CHORALE = MIDI_DATA / "chorale.mid"
UNSAID = dict.fromkeys(("key", "meter", "pickup", "tempo_bpm", "style", "ending", "drafts"))


class Composer:
    """Composes nothing, and keeps what it was asked for."""

    name = "mine"
    sampling = Sampling(0.5, top_k=3)

    def generate_many(self, seed, **asked):
        self.asked = asked | {"seed": seed}
        piece = lm.read(CHORALE).replace(repairs=("heard", "half"))
        return [piece] * asked["n"]


@pytest.fixture
def composer(monkeypatch):
    composer = Composer()
    monkeypatch.setattr("lstm_music.composer.load", lambda name: composer)
    return composer


def test_what_is_not_said_is_left_to_the_composer(call, composer):
    assert call("generate", "--seed", CHORALE, "--rng-seed", 4)[0] == 0
    assert composer.asked == UNSAID | {
        "seed": lm.read(CHORALE),
        "n": 1,
        "bars": 8,
        "sampling": Sampling(0.5, top_k=3),
        "rng_seed": 4,
        "include_seed": True,
        "threads": None,
    }


def test_all_that_is_said_arrives(call, composer, tmp_path):
    said = "--bars 3 --meter 3/4 --pickup 1/4 --tempo 90 --style folk --ending free --drafts 2"
    said += " --temperature 0.7 --top-k 5 --top-p 0.8 --min-p 0.1 --rng-seed 0 -n 2 --threads 3"
    args = [*said.split(), "--key", "D minor", "--no-seed-in-output", "-o", "x.mid"]
    code, out, err = call("generate", *args)
    assert code == 0
    assert composer.asked == {
        "seed": None,
        "n": 2,
        "bars": 3,
        "sampling": Sampling(0.7, top_k=5, top_p=0.8, min_p=0.1),
        "rng_seed": 0,
        "key": "D minor",
        "meter": "3/4",
        "pickup": "1/4",
        "tempo_bpm": 90.0,
        "style": "folk",
        "ending": "free",
        "drafts": 2,
        "include_seed": False,
        "threads": 3,
    }
    assert out.split() == ["x-001.mid", "x-002.mid"]
    assert err.splitlines()[-1] == "rng seed 0"
    assert b"lstm_music rng_seed=0 model=mine bars=3" in (tmp_path / "x-002.mid").read_bytes()


def test_remarks_are_told_of_the_seed(call, composer):
    _, out, err = call("generate", "--seed", CHORALE, "--rng-seed", 4)
    assert err.splitlines() == [f"{CHORALE}: heard", f"{CHORALE}: half", "rng seed 4"]
    _, out, err = call("generate", "--seed", CHORALE, "--rng-seed", 4, "-f", "--json")
    assert json.loads(out)["remarks"] == ["heard", "half"]
    assert json.loads(out)["seed"] == str(CHORALE)
    assert err == ""
    assert json.loads(call("generate", "-f", "--json")[1])["seed"] is None


@pytest.mark.parametrize("args", [("-o", "x.mid"), ("-o", "-", "--json")])
def test_an_output_that_cannot_be_is_refused_before_the_work(call, composer, tmp_path, args):
    (tmp_path / "x.mid").write_bytes(b"mine")
    assert call("generate", *args)[0] != 0
    assert not hasattr(composer, "asked")
