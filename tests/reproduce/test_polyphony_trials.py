"""The program that tries settings of a polyphonic network: its lines, and moved pieces."""

import json

import numpy as np
import polyphony_trials as program
from roll_files import write_made_up


def test_a_trial_is_a_line_with_its_settings_and_its_curve(tmp_path, monkeypatch):
    write_made_up(tmp_path / "rolls.npz")
    trials = tmp_path / "trials.jsonl"
    for options in ([], ["--head", "nade", "--shift", "5"]):
        words = ["rolls.npz", "trials.jsonl", *options, "epochs=2", "hidden_sizes=[4, 5]"]
        monkeypatch.setattr("sys.argv", ["polyphony_trials.py", *words])
        monkeypatch.chdir(tmp_path)
        program.main()
    first, second = map(json.loads, trials.read_text(encoding="utf-8").splitlines())
    assert first["settings"]["hidden_sizes"] == [4, 5]
    assert len(first["curve"]) == first["settings"]["epochs"] == 2
    assert abs(first["valid"] - first["curve"][first["epoch"] - 1]) < 0.001
    assert (first["head"], first["shift"]) == ("independent", 0)
    assert (second["head"], second["shift"]) == ("nade", 5)
    assert second["parameters"] > first["parameters"]


def test_a_piece_moves_with_all_its_notes():
    rng, roll = np.random.default_rng(0), np.zeros((4, 88), np.uint8)
    roll[0, [2, 40, 86]] = 1
    lowest = set()
    for _ in range(200):
        moved = program.moved(roll, 12, rng)
        assert np.diff(np.flatnonzero(moved[0])).tolist() == [38, 46]
        lowest.add(int(np.flatnonzero(moved[0])[0]))
    assert lowest == {0, 1, 2, 3}
    silent = np.zeros((3, 88), np.uint8)
    assert program.moved(silent, 12, rng) is silent
