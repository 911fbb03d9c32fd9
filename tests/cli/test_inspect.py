"""`lstm-music inspect`: facts for people and programs, and the inside of a model."""

import json
import re

import pytest
from paths import MIDI_DATA, ROOT

import lstm_music as lm
from lstm_music.generate.planning.plan import bar_range
from lstm_music.pretrained import model_names

CHORALE = MIDI_DATA / "chorale.mid"
BARS = 12


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr("lstm_music.evaluate.gates.follow.DRAWS", 9)


def test_people_read_lines_and_programs_json(call):
    code, out, _ = call("inspect", CHORALE)
    assert code == 0
    assert "250 in 16 bars" in out
    assert "{" not in out
    code, out, _ = call("inspect", CHORALE, "--json")
    assert json.loads(out)["notes"] == 250


@pytest.mark.parametrize("name", model_names())
def test_a_bundled_model_by_its_name(call, name):
    code, out, _ = call("inspect", name)
    assert code == 0
    assert "layers of 256" in out
    assert "licence  MIT" in out
    by_path = call("inspect", ROOT / "lstm_music" / "pretrained" / f"{name}.safetensors", "--json")
    facts = json.loads(call("inspect", name, "--json")[1])
    assert facts["sha256"] == json.loads(by_path[1])["sha256"]
    assert f"{facts['parameters']:,} parameters" in out


def test_a_file_of_a_models_name_is_music(call, tmp_path):
    (tmp_path / "folk").write_bytes(CHORALE.read_bytes())
    assert "250 in 16 bars" in call("inspect", "folk")[1]


def test_findings_for_people_and_programs(call):
    code, out, _ = call("inspect", "chorale", "--on", CHORALE, "--top", 1)
    assert code == 0
    assert re.match(r"2 layers of 256 [a-z-]+ units read 250 notes", out)
    assert "gates and states follow the phrase" in out
    assert re.search(r"layer [01], unit \d+, (cell state c|forget gate f)", out)
    report = json.loads(call("inspect", "chorale", "--on", CHORALE, "--json")[1])
    assert len(report["notes"]) == 250
    kinds = {found["what"] for found in report["findings"]}
    assert {"beat", "phrase", "pitch class"} <= kinds
    assert all(f["explained"] > report["chance"][f["what"]] for f in report["findings"])


@pytest.mark.parametrize(("ending", "magic"), [("html", b"<!DOCTYPE"), ("png", b"\x89PNG")])
def test_a_picture(call, tmp_path, ending, magic):
    asked = ("inspect", "chorale", "--on", CHORALE, "-o", f"gates.{ending}", "--bars", "3-5")
    code, out, _ = call(*asked)
    assert (code, out.splitlines()[-1]) == (0, f"gates.{ending}")
    data = (tmp_path / f"gates.{ending}").read_bytes()
    assert data.startswith(magic)
    assert call(*asked)[0] == 6
    assert call(*asked, "--force")[0] == 0
    assert (tmp_path / f"gates.{ending}").read_bytes() == data


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["chorale", "--layer", 1], 2, "--on FILE"),
        (["chorale", "-o", "x.png"], 2, "--on FILE"),
        (["chorale", "--on", CHORALE, "-o", "x.gif"], 2, ".html"),
        (["chorale", "--on", CHORALE, "--layer", 2], 2, "0..1"),
        (["chorale", "--on", CHORALE, "--bars", "9-99"], 2, "1-16"),
        (["nobody", "--on", CHORALE], 4, "no such model"),
        (["chorale", "--on", "no.mid"], 3, "no.mid"),
    ],
)
def test_what_is_wrong_is_said(call, tmp_path, args, code, words):
    got, _, err = call("inspect", *args)
    assert got == code
    assert words in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "has_pickup"), [("chorale_pickup", True), ("chorale", False)])
def test_bars_are_those_that_infill_takes(call, name, has_pickup):
    """A pickup is bar 0: the number of bars is that of the last one."""
    file = MIDI_DATA / f"{name}.mid"
    facts = json.loads(call("inspect", file, "--json")[1])
    last, piece = facts["bars"], lm.read(file)
    assert bar_range(piece, (last, last))[1] >= piece.end_steps > bar_range(piece, (last, last))[0]
    assert bool(facts["pickup_steps"]) == has_pickup
    out = call("inspect", file)[1]
    assert f"in {last} bars" in out
    assert ("bar 0" in out) == has_pickup
    assert call("plot", file, "-o", "roll.png", "--bars", f"{last}-{last}")[0] == 0
    assert call("plot", file, "-o", "more.png", "--bars", f"{last}-{last + 1}")[0] == 2
