"""`lstm-music report`: one page of a run, from a model file, its folder or a bundled name."""

import json

import pytest
from page_checks import check_no_requests
from paths import MIDI_DATA

from lstm_music.pretrained import model_path

REAL = MIDI_DATA


@pytest.fixture(scope="module")
def few():
    return ("--samples", 2, "--bars", 4, "--shown", 1, "--no-engrave")


def test_a_bundled_model_beside_files(call, tmp_path, few):
    real = [("--against", REAL / f"{name}.mid") for name in ("jig", "reel", "slip_jig")]
    asked = ("report", "folk", *few, *sum(real, ()))
    code, out, err = call(*asked)
    assert (code, out, err) == (0, "folk-report.html\n", "")
    page = (tmp_path / "folk-report.html").read_bytes()
    check_no_requests(page)
    text = page.decode()
    assert "2 samples beside 3 real pieces, 4 bars of each." in text
    assert "at least 10 are needed" in text
    assert "pieces the model was trained on" in text
    assert text.count('class="player keys"') == 1
    assert call(*asked)[0] == 6
    code, out, _ = call(*asked, "--force", "--json")
    assert (tmp_path / "folk-report.html").read_bytes() == page
    report = json.loads(out)
    assert report["samples"] == 2
    assert {row["name"] for row in report["distances"]} >= {"notes per bar", "groove consistency"}


def test_a_run_of_ones_own(call, tmp_path, few):
    with model_path("folk") as path:
        (tmp_path / "mine.safetensors").write_bytes(path.read_bytes())
    (tmp_path / "mine.run").mkdir()
    line = {"step": 1, "tokens": 5000, "train_loss": 1.25, "valid_loss": 1.5}
    (tmp_path / "mine.run" / "metrics.jsonl").write_text(json.dumps(line) + "\n")
    code, out, _ = call("report", "mine.run", *few, "-o", "r.html")
    assert (code, out) == (0, "r.html\n")
    text = (tmp_path / "r.html").read_text()
    assert "1.5000 nats a token" in text
    assert "give --against SOURCE" in text
    assert "what mine.safetensors was trained on" in text  # no fingerprints beside it


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["nobody"], 4, "no such run"),
        (["folk", "-o", "r.pdf"], 2, ".html"),
        (["folk", "--against", "nowhere"], 2, "nowhere"),
    ],
)
def test_what_is_wrong_is_said(call, tmp_path, args, code, words):
    got, _, err = call("report", *args)
    assert got == code
    assert words in err
    assert not list(tmp_path.iterdir())
