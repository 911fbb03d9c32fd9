"""Every option of the composing commands reaches the composer."""

import json

import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.generate.asking.record import find_record
from lstm_music.generate.asking.request import CONTROLS
from lstm_music.generate.takes import Take

CHORALE = MIDI_DATA / "chorale.mid"


class Composer:
    """Composes nothing, and keeps what it was asked for."""

    name = "mine"
    precision = "bfloat16"

    def __init__(self):
        self.metadata = {"sha256": "ab" * 32}

    def complete(self, request):
        self.asked = request
        piece = lm.read(CHORALE).replace(repairs=("heard", "half"))
        return [Take(piece, request.rng_seed, {}, piece.notes[:0])] * request.n


@pytest.fixture
def composer(monkeypatch):
    composer = Composer()
    monkeypatch.setattr("lstm_music.composer.load", lambda name, precision, backend: composer)
    return composer


def said(request):
    """The controls that were set."""
    values = {name: getattr(request, name) for name in CONTROLS}
    return {name: v for name, v in values.items() if v != CONTROLS[name].default}


def test_what_is_not_said_is_left_to_the_composer(call, composer):
    assert call("generate", "--seed", CHORALE, "--rng-seed", 4)[0] == 0
    assert said(composer.asked) == {"rng_seed": 4}
    assert composer.asked.seed.notes.tolist() == lm.read(CHORALE).notes.tolist()


def test_all_that_is_said_arrives(call, composer, tmp_path):
    words = "--bars 3 --meter 3/4 --tempo 90 --style folk --ending free --drafts 2 --no-rests"
    words += " --temperature 0.7 --top-k 5 --top-p 0.8 --min-p 0.1 --rng-seed 0 -n 2 --threads 3"
    words += " --with drums,bass --pitch-range 1:48-72,2:36-60 --grid 1/8 --playable --density 4"
    args = [*words.split(), "--key", "D minor", "--no-seed-in-output", "-o", "x.mid"]
    code, out, err = call("generate", *args)
    assert code == 0
    assert said(composer.asked) == {
        "bars": "3",
        "meter": "3/4",
        "tempo_bpm": 90.0,
        "style": "folk",
        "ending": "free",
        "drafts": 2,
        "rests": False,
        "temperature": 0.7,
        "top_k": 5,
        "top_p": 0.8,
        "min_p": 0.1,
        "rng_seed": 0,
        "n": 2,
        "threads": 3,
        "with_": "drums,bass",
        "pitch_range": {1: (48, 72), 2: (36, 60)},
        "grid": 12,
        "playable": True,
        "density": {0: 4.0},
        "key": "D minor",
    }
    assert out.split() == ["x-001.mid", "x-002.mid"]
    assert err.splitlines()[-1] == "rng seed 0"
    record = find_record((tmp_path / "x-002.mid").read_bytes())
    assert (record.rng_seed, record.take, record.model, record.include_seed) == (
        0,
        1,
        "mine",
        False,
    )
    assert record.controls["bars"] == "3"


@pytest.mark.parametrize(
    ("args", "asked"),
    [
        (("infill", CHORALE, "--bars", "2-3", "--tracks", "1,2"), {"bars": "2-3", "tracks": "1,2"}),
        (("accompany", CHORALE, "--with", "drums"), {"with_": "drums"}),
        (
            ("vary", CHORALE, "--keep", "rhythm", "--amount", "0.3"),
            {"keep": "rhythm", "amount": 0.3},
        ),
    ],
)
def test_the_other_commands_ask_for_their_task(call, composer, args, asked):
    assert call(*args, "--rng-seed", 2, "--rank", "join")[0] == 0
    assert composer.asked.task == args[0]
    assert said(composer.asked) == asked | {"rng_seed": 2, "rank": "join"}


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


def test_a_form_of_a_file_is_kept_in_the_record(call, tmp_path):
    """`again` needs the result alone, not the file whose form it has."""
    tune = tmp_path / "tune.mid"
    lm.load("folk").generate(form="AAA", bars=24, rng_seed=1, ending="free").write(tune)
    words = "generate --model folk --form-of tune.mid --rng-seed 1 --json -o out.mid"
    code, out, err = call(*words.split())
    assert code == 0, err
    report = json.loads(out)["files"][0]["report"]["form"]
    assert (report["asked"], report["kept"]) == ("A8 A8 A8", True)
    tune.unlink()
    assert call("again", "out.mid", "-o", "again.mid")[0] == 0
    assert (tmp_path / "again.mid").read_bytes() == (tmp_path / "out.mid").read_bytes()


def test_a_form_that_cannot_be_is_refused_before_the_work(call, composer):
    assert call("generate", "--form", "AABA", "--bars", "3")[0] == 2
    assert call("generate", "--form", "AA", "--form-of", CHORALE)[0] == 2
    assert not hasattr(composer, "asked")
