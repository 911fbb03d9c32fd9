"""The contract of a task: rows, settings, the table, results as a file, the command."""

import json
import sys
from types import ModuleType

import pytest

from lstm_music.cli.main import run as run_cli
from lstm_music.errors import ConfigError
from lstm_music.reproduce import tasks
from lstm_music.reproduce.curve import curve_of
from lstm_music.reproduce.task import Row, Settings, Task


def row(**changes):
    values = {
        "name": "T = 5",
        "ours": 10.0,
        "published": 40.0,
        "unit": "sequences",
        "better": "lower",
        "source": "A paper",
    }
    return Row(**{**values, **changes})


@pytest.fixture
def toy(monkeypatch):
    """A task whose claim holds for seeds below 10."""
    module = ModuleType("toy_task")
    module.__doc__ = "Counts.\n\nNothing is learnt."
    module.PAPER = "A paper"

    def rows(settings):
        for name in ("T = 5", "T = 7"):
            if settings.wants(name):
                settings.progress(f"{name} now")
                yield row(name=name, holds=settings.rng_seed < 10, note="small")

    module.run = rows
    monkeypatch.setitem(sys.modules, "toy_task", module)
    monkeypatch.setitem(tasks.TASKS, "toy", Task("toy", "Counts", "toy_task"))


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def _call(*args):
        code = run_cli([str(a) for a in ("reproduce", *args)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return _call


def test_the_ratio_of_a_row():
    assert row().ratio == 0.25
    assert row(ours=None).ratio is row(published=None).ratio is row(published=0.0).ratio is None
    assert row().as_dict()["ratio"] == 0.25


def test_a_curve_is_short_and_keeps_the_means():
    few = curve_of([3.0, 2.0, 1.0], step=20, across="sequences", up="training loss")
    assert (few.x, few.y) == ((20, 40, 60), (3.0, 2.0, 1.0))
    many = curve_of(list(range(1, 1002)), across="updates", up="loss")
    assert len(many.x) == 48
    assert (many.x[0], many.x[-1]) == (21, 1001)
    assert (many.y[0], many.y[-1]) == (11, 991)
    assert curve_of([], across="updates", up="loss").x == ()


def test_settings_choose_seeds_and_rows():
    assert list(Settings(quick=True).seeds(1, 3)) == [0]
    assert list(Settings(rng_seed=4).seeds(1, 3)) == [4, 5, 6]
    assert list(Settings(runs=2).seeds(1, 3)) == [0, 1]
    assert Settings(only="T = 5").wants("T = 5, wrong")
    assert not Settings(only="T = 5").wants("T = 50")
    assert not Settings(only="T = 5").wants("T = 7")
    for wrong in ({"runs": 0}, {"rng_seed": -1}):
        with pytest.raises(ConfigError):
            Settings(**wrong)


@pytest.mark.parametrize("name", tasks.TASKS)
def test_every_task_has_a_definition_a_source_and_a_run(name):
    task = tasks.TASKS[name]
    assert task.name == name
    assert len(task.definition.splitlines()) >= 3
    assert task.paper
    assert len(task.line) <= 76
    assert callable(sys.modules[task.module].run)


def test_the_list_names_a_task_a_line(call):
    code, out, _ = call("--list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(tasks.TASKS)


def test_a_table(call, toy):
    code, out, err = call("toy")
    assert code == 0
    assert out.startswith("Counts.\n\nNothing is learnt.\n\n")
    line = next(line for line in out.splitlines() if line.startswith("T = 7"))
    assert line.split()[3:6] == ["10", "40", "0.25"]
    assert "A paper" in line
    assert "the claim holds" in out
    assert err == "T = 5 now\nT = 7 now\n"


def test_rows_as_json(call, toy):
    code, out, _ = call("toy", "--json", "--only", "T = 7")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [r["name"] for r in rows] == ["T = 7"]
    assert {"ours", "published", "source", "ratio", "holds"} <= rows[0].keys()


def test_a_claim_that_does_not_hold_is_code_1(call, toy):
    code, out, err = call("toy", "--rng-seed", 10)
    assert code == 1
    assert "DOES NOT HOLD" in out
    assert "the claim of toy does not hold for: T = 5; T = 7" in err


def test_a_result_says_what_it_comes_from(call, toy, tmp_path):
    assert call("toy", "--quick", "--runs", 2, "--rng-seed", 3, "-o", "toy.json")[0] == 0
    document = json.loads((tmp_path / "toy.json").read_text(encoding="utf-8"))
    assert document["command"] == "lstm-music reproduce toy --quick --runs 2 --rng-seed 3"
    assert document["quick"]
    assert document["settings"]["runs"] == 2
    assert 0 <= document["processor_seconds"] < 60
    assert {"cpu", "cores", "python", "numpy"} <= document["machine"].keys()
    assert [r["ratio"] for r in document["rows"]] == [0.25, 0.25]
    assert call("toy", "-o", "toy.json")[0] == 6
    assert call("toy", "-o", "toy.json", "--force")[0] == 0


def test_what_cannot_work_is_told(call, toy):
    code, _, err = call("nothing")
    assert code == 2
    assert "adding" in err
    assert call()[0] == 2
    code, _, err = call("toy", "--only", "T = 6")
    assert code == 2
    assert "--only" in err
    assert call("toy", "--runs", 0)[0] == 2
