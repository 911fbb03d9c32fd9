"""docs/papers.md: what benchmarks/results says, no more and no less."""

import json
import runpy

import pytest
from paths import ROOT

from lstm_music.reproduce.tasks import TASKS

AGAIN = "write it again: python docs/make_papers.py"


@pytest.fixture(scope="module")
def make():
    return runpy.run_path(str(ROOT / "docs" / "make_papers.py"))


def test_the_page_is_what_the_results_say(make):
    assert (ROOT / "docs" / "papers.md").read_text(encoding="utf-8") == make["page"](), AGAIN


def test_the_plots_are_those_of_the_results(make):
    drawn = {path.name: path.read_text("utf-8") for path in (ROOT / "docs/papers").glob("*.svg")}
    assert drawn == make["plots"](), AGAIN
    assert drawn


def test_every_result_of_a_task_has_settings_and_machine():
    for path in (ROOT / "benchmarks" / "results").glob("*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.get("task") not in TASKS:
            continue
        assert {"command", "quick", "settings", "seconds", "machine", "rows"} <= document.keys()
        assert document["command"].startswith(f"lstm-music reproduce {document['task']}")
        assert document["rows"]


def test_a_full_row_hides_the_quick_one(make):
    def run(quick, ours, cell=None):
        row = {"name": "T = 5", "ours": ours}
        return {"quick": quick, "settings": {"cell": cell}, "rows": [row]}

    rows = make["rows_of"]([run(False, 1.0), run(True, 2.0), run(True, 3.0, "gru")])
    assert [(row["name"], row["ours"], row["quick"]) for row in rows] == [
        ("T = 5", 1.0, False),
        ("T = 5 (gru)", 3.0, True),
    ]


def test_a_bar_is_green_where_ours_is_better(make):
    row = {"task": "adding", "name": "T = 5 & more", "ratio": 0.1, "better": "lower"}
    assert "#4a7" in make["plot"]([row])
    assert "#c64" in make["plot"]([{**row, "better": "higher"}])
    assert "T = 5 &amp; more" in make["plot"]([row])


def test_a_curve_falls_from_the_highest_value_to_the_lowest(make):
    curve = {"across": "epochs", "up": "nats", "x": [1, 2, 4], "y": [9.0, 8.0, 7.0]}
    run = {"quick": False, "settings": {"cell": None}}
    rows = [{"name": "a & b", "curve": curve}, {"name": "none", "curve": None}, {"name": "old"}]
    (row,) = make["curves_of"]([{**run, "rows": rows}])
    points = next(line for line in make["panel"](row) if "polyline" in line)
    xy = [tuple(map(float, xy.split(","))) for xy in points.split('"')[1].split()]
    assert xy[0][1] < xy[1][1] < xy[2][1]
    assert xy[1][0] - xy[0][0] == pytest.approx((xy[2][0] - xy[1][0]) / 2, abs=0.1)
    drawn = make["plot_curves"]([row])
    assert "a &amp; b" in drawn
    assert ">9<" in drawn
    assert ">7<" in drawn
    assert "4 epochs" in drawn


def test_a_curve_over_decades_is_on_a_logarithmic_scale(make):
    curve = {"across": "epochs", "up": "loss", "x": [1, 2, 3], "y": [100.0, 10.0, 1.0]}
    points = make["panel"]({"name": "a", "curve": curve})[3]
    ys = [float(xy.split(",")[1]) for xy in points.split('"')[1].split()]
    assert ys[1] - ys[0] == pytest.approx(ys[2] - ys[1])


def test_a_note_stands_beside_its_row_unless_all_rows_share_it(make):
    def page(*notes):
        row = {"name": "T", "ours": 1.0, "published": None, "ratio": None, "unit": "s"}
        rows = [{**row, "name": f"T{k}", "holds": None, "note": n} for k, n in enumerate(notes)]
        settings = {"cell": None}
        run = {"command": "c", "quick": True, "settings": settings, "seconds": 1, "rows": rows}
        return make["section"]("adding", [{**run, "machine": {"cpu": "a"}}])

    assert "| T1 | quick | 1 | - | - | s |  | two |" in page("one", "two")
    shared = page("same", "same")
    assert "| T1 | quick | 1 | - | - | s |  |\n" in shared
    assert "Note: same." in shared


def test_what_was_tried_is_a_line_each_with_its_dropout_and_best_epoch(make):
    how = {"hidden_sizes": [400, 80], "recurrent_dropout": 0.5, "input_dropout": 0.25}
    how |= {"output_dropout": 0.0, "learning_rate": 0.01, "chunk_steps": 100, "epochs": 3}
    trial = {"set": "A", "head": "nade", "settings": how, "shift": 6, "valid": 8.0, "epoch": 2}
    trial |= {"train": 7.25, "curve": [9.0, 8.0, 8.5]}
    text = make["tried"]([trial, {**trial, "shift": 0, "train": None}]).splitlines()
    lines = [line for line in text if line.startswith("| A")]
    start, middle = "| A | nade | 400 + 80 | 0.5, 0.25, 0 |", "| 0.01 | 100 | 2 of 3 | 8.000 |"
    assert lines == [f"{start} 6 {middle} 7.250 |", f"{start} - {middle} - |"]
    drawn = make["plot_curves"]([make["trial_row"](trial)])
    assert "A, nade, 400 + 80 units, U 0.5, shift 6" in drawn
    assert "3 epochs" in drawn
