"""The file of trials: what is there is not run again, and the table comes from what is complete."""

import json

import odyssey as program
import pytest
from roll_files import write_made_up

from lstm_music.reproduce.polyphony.odyssey import VARIANTS


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Data, and a file with trial 0 of all variants and trial 1 of one; no trial is really run."""
    write_made_up(tmp_path / "rolls.npz")
    lines = [
        {"variant": name, "trial": 0, "nats": {"valid": 5.0 + k}, "seconds": 1.0}
        for k, name in enumerate(VARIANTS)
    ]
    lines.append({"variant": "V", "trial": 1, "nats": {"valid": 1.0}, "seconds": 1.0})
    trials = tmp_path / "trials.jsonl"
    trials.write_text("".join(json.dumps(line) + "\n" for line in lines))
    monkeypatch.setattr(program, "run_trial", lambda variant, training, splits: {"valid": 4.0})

    def call(*options):
        words = ["odyssey.py", str(tmp_path / "rolls.npz"), str(trials), *options]
        monkeypatch.setattr("sys.argv", words)
        program.main()

    return tmp_path, trials, call


def test_only_what_is_missing_is_run(files):
    _, trials, call = files
    before = trials.read_text()
    call("--count", "2")
    assert trials.read_text().startswith(before)
    done = program.trials_of(trials)
    assert set(done) == {(name, k) for name in VARIANTS for k in (0, 1)}
    assert done["V", 1]["nats"] == {"valid": 1.0}
    assert done["NFG", 1]["nats"] == {"valid": 4.0}
    assert len(trials.read_text().splitlines()) == 18


def test_no_time_runs_nothing(files):
    _, trials, call = files
    before = trials.read_text()
    call("--minutes", "-1")
    assert trials.read_text() == before


def test_the_table_has_the_trials_that_all_variants_have(files):
    folder, _, call = files
    call("--table", str(folder / "odyssey.json"))
    document = json.loads((folder / "odyssey.json").read_text())
    assert document["command"] == "lstm-music reproduce odyssey --data rolls.npz --runs 1"
    ours = {row["name"]: row["ours"] for row in document["rows"]}
    assert ours["V, best, valid"] == 5.0
    assert ours["FGR, median, valid"] == 13.0
    assert len(ours) == 2 * len(VARIANTS)
