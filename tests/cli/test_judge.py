"""`lstm-music judge`: a table for people, an object for programs."""

import json

import numpy as np
import pytest
from corpus_data import random_piece

from lstm_music.cli.judge import _SIDES
from lstm_music.evaluate.material import SIDES
from lstm_music.midi.write import write_midi


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Real tunes, and samples a sixth louder."""
    root, rng = tmp_path_factory.mktemp("judge"), np.random.default_rng(1)
    for name, n, velocity in (("real", 24, 84), ("samples", 12, 108)):
        (root / name).mkdir()
        for i in range(n):
            piece = random_piece(rng, n_onsets=40, style="folk")
            notes = piece.notes.copy()
            notes["velocity"] = velocity + 4 * (i % 2)
            write_midi(piece.replace(notes=notes), root / name / f"{i:02d}.mid")
    return root


@pytest.fixture(autouse=True)
def once(monkeypatch):
    monkeypatch.setattr("lstm_music.evaluate.tell_apart.REPEATS", 1)


def test_a_table(call, folders):
    asked = ["--against", folders / "real", "--top", 1, "--bars", 4]
    code, out, err = call("judge", folders / "samples", *asked)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "12 samples and 24 real pieces, 4 bars each (left out: 0 and 0)"
    assert [line[:19] for line in lines[3:5]] == ["logistic regression", "boosted trees      "]
    assert lines[3].split()[2] > "0.7"
    assert lines[7].split()[:2] == ["velocity,", "mean"]
    assert max(map(len, lines)) <= 92
    assert any(line.startswith("bars that return") for line in lines)
    assert any(line.split()[-4:-2] == ["are", "loops"] for line in lines)


def test_an_object(call, folders):
    files = sorted((folders / "samples").glob("*.mid"))
    asked = ["--against", folders / "real", "--json", "--rng-seed", 3, "--bars", 5]
    code, out, _ = call("judge", *files, *asked)
    report = json.loads(out)
    assert (code, report["bars"]) == (0, 5)
    assert report["judges"]["boosted trees"]["samples"]["auc"] > 0.9
    assert report["features"][0]["name"] == "velocity, mean"
    assert len(report["features"]) > 50
    assert call("judge", folders / "samples", *asked)[1] == out


def test_what_cannot_work(call, folders, tmp_path):
    samples, real = folders / "samples", folders / "real"
    code, _, err = call("judge", *sorted(samples.glob("*.mid"))[:9], "--against", real)
    assert code == 2
    assert "9 samples of" in err and "at least 10 are needed" in err
    code, _, err = call("judge", samples, "--against", samples)
    assert code == 2
    assert "12 real pieces of" in err and "at least 20 are needed" in err
    (tmp_path / "empty").mkdir()
    assert call("judge", "empty", "--against", real)[0] == 2
    assert call("judge", samples, "--against", "nowhere")[0] == 2
    assert call("judge", samples)[0] == 2
    assert call("judge", samples, "--against", real, "--side", "middle")[0] == 2


def test_the_sides_are_those_of_the_judge():
    assert _SIDES == SIDES
