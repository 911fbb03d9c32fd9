"""The report: a page of one file that tells what was measured and asks nothing of a network."""

import json
import re

import numpy as np
import pytest
from browser import dom_of
from music_programs import needs
from page_checks import check_no_requests
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.errors import ModelFileError
from lstm_music.evaluate.report.charts import distance_chart, loss_chart
from lstm_music.evaluate.report.distances import distances
from lstm_music.evaluate.report.engraving import first_page
from lstm_music.evaluate.report.page import Report, report_page
from lstm_music.evaluate.statistics import piece_statistics
from lstm_music.training.runs.files import run_files

NAMES = ("jig", "reel", "hornpipe", "chorale", "band", "drums")
LOSSES = [
    {"tokens": 1000, "train_loss": 3.0, "valid_loss": 3.5},
    {"tokens": 2000, "train_loss": None, "valid_loss": 2.5},
]


@pytest.fixture(scope="module")
def pieces():
    return [lm.read(MIDI_DATA / f"{name}.mid") for name in NAMES]


def made_report(pieces, **changes):
    model = lm.load("folk")
    told = {
        "name": "a <b>name</b>", "metadata": model.metadata, "losses": LOSSES, "samples": pieces,
        "how": "Asked for.", "shown": len(pieces), "engraved": [None] * len(pieces),
        "sounds": [None] * len(pieces), "real": "Beside none.", "distances": distances(pieces, []),
        "judged": "too few", "novelty": "no fingerprints", "environment": {"python": "3"},
    }  # fmt: skip
    return Report(**(told | changes))


def test_the_page_has_all_sections_and_asks_for_nothing(pieces):
    page = report_page(made_report(pieces, engraved=[b"\x89PNG", *[None] * 5]))
    check_no_requests(page)
    text = page.decode()
    heads = re.findall("<h2>(.*?)</h2>", text)
    assert heads == [
        "Losses", "Samples", "Beside real music", "Can a judge tell them apart?", "Novelty",
        "Data card", "Settings", "Environment",
    ]  # fmt: skip
    assert "a &lt;b&gt;name" in text and "<b>" not in text
    assert text.count('class="player keys"') == len(pieces)
    assert "data:audio/midi;base64,TVRoZ" in text  # MThd
    assert "data:image/png;base64,iVBORw" in text or "data:image/png;base64,iVBO" in text
    assert "2.5000 nats a token" in text
    assert text.count('class="note t') == sum(len(piece.notes) for piece in pieces)


def test_a_request_would_be_noticed():
    page = report_page(made_report([]))
    for bad in (
        b'<img src="https://x.org/a.png">',
        b'<script src="a.js"></script>',
        b'<style>b { background: url("a.png") }</style>',
        b"<script>fetch('/a')</script>",
    ):
        with pytest.raises(AssertionError):
            check_no_requests(page.replace(b"<main>", b"<main>" + bad))
    with pytest.raises(AssertionError):
        check_no_requests(page.replace(b"default-src 'none'", b"default-src *"))


def test_notes_of_the_player_are_in_seconds(pieces):
    text = report_page(made_report(pieces)).decode()
    data = json.loads(re.search(r'id="data">(.*?)</script>', text)[1])
    jig = pieces[0]
    first, last = data["samples"][0][0], data["samples"][0][-1]
    seconds_a_step = jig.tempos[0].usec_per_quarter / 24e6
    assert first[:3] == [
        pytest.approx(jig.notes["onset_steps"][0] * seconds_a_step, abs=1e-3),
        pytest.approx(jig.notes["duration_steps"][0] * seconds_a_step, abs=1e-3),
        int(jig.notes["pitch_midi"][0]),
    ]
    assert last[0] == pytest.approx(jig.notes["onset_steps"][-1] * seconds_a_step, abs=1e-3)
    assert {note[5] for note in data["samples"][NAMES.index("drums")]} == {1}


def test_what_the_judge_and_novelty_say_is_told(pieces):
    auc = {"auc": 0.81, "low": 0.7, "high": 0.9}
    judged = {
        "bars": 8, "samples": {"pieces": 12}, "real": {"pieces": 24},
        "judges": {"boosted trees": {"samples": auc, "real": auc | {"auc": 0.49}}},
        "features": [
            {"name": "odd", "samples": 1.0, "real": 2.0, "apart_sd": -3.2, "beyond_chance": True},
            {"name": "even", "samples": 1.0, "real": 1.0, "apart_sd": 0.0, "beyond_chance": False},
        ],
    }  # fmt: skip
    row = {
        "notes": 90, "bars": 8, "run_notes": 0, "from_bar": None, "to_bar": None,
        "no_longer_than_percent": 97.5,
    }  # fmt: skip
    novelty = {
        "known": {"pieces": 1234, "least_notes": 8},
        "held_out": {"pieces": 9, "median_notes": 11.0, "percentile_95_notes": 21.0},
        "pieces": [row, row | {"run_notes": 17, "from_bar": 2, "to_bar": 3}],
    }
    text = report_page(made_report(pieces, judged=judged, novelty=novelty)).decode()
    assert "0.81 (0.70 to 0.90)" in text and "0.49 (0.70 to 0.90)" in text
    assert "<td>odd</td>" in text and "<td>even</td>" not in text
    assert "1,234 pieces" in text and "11 notes (median)" in text
    assert "fewer than 8" in text and ">17<" in text and "2 to 3" in text


def test_distances_are_in_standard_deviations_of_real_music(pieces):
    rows = {row.name: row for row in distances(pieces[:1], pieces[1:4])}
    notes = [piece_statistics(piece).notes_per_bar for piece in pieces[1:4]]
    row = rows["notes per bar"]
    assert row.samples == pytest.approx(piece_statistics(pieces[0]).notes_per_bar)
    assert row.apart_sd == pytest.approx((row.samples - np.mean(notes)) / np.std(notes, ddof=1))
    assert rows["empty bars"].apart_sd is None  # all alike
    alone = {row.name: row for row in distances(pieces[:1], [])}
    assert alone["notes per bar"].real is None
    assert distance_chart(list(alone.values())) == ""
    assert "notes per bar: " in distance_chart(list(rows.values()))


def test_losses_as_lines():
    chart = loss_chart(LOSSES)
    points = re.findall(r'class="(train|valid)" stroke-width="1.8" points="(.*?)"', chart)
    assert {kind: len(where.split()) for kind, where in points} == {"train": 1, "valid": 2}
    first, last = dict(points)["valid"].split()
    assert float(first.split(",")[1]) < float(last.split(",")[1])  # the lower, the further down
    assert loss_chart([]) == ""


def test_run_files(tmp_path):
    with pytest.raises(ModelFileError, match="no such run"):
        run_files(tmp_path / "mine.safetensors")
    assert run_files("folk").losses == ()
    (tmp_path / "mine.safetensors").write_bytes(b"x")
    assert run_files(tmp_path / "mine.safetensors").losses == ()
    folder = tmp_path / "mine.run"
    folder.mkdir()
    lines = [json.dumps(line) for line in LOSSES]
    (folder / "metrics.jsonl").write_text("\n".join([*lines, '{"tok']))
    for run in (folder, tmp_path / "mine.safetensors"):
        found = run_files(run)
        assert found.model == str(tmp_path / "mine.safetensors")
        assert list(found.losses) == LOSSES


def test_without_muse_score_there_is_no_page(pieces, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert first_page(pieces[0]) is None


@needs("mscore3")
@pytest.mark.clients
def test_muse_score_engraves_a_page(pieces):
    page = first_page(pieces[0])
    assert page.startswith(b"\x89PNG")
    assert len(page) > 5000


@needs("chromium")
@pytest.mark.clients
def test_a_browser_runs_the_page(pieces, tmp_path):
    dom, said = dom_of(report_page(made_report(pieces)), tmp_path)
    assert said == []
    assert dom.count('<rect class="note t') == sum(len(piece.notes) for piece in pieces)
