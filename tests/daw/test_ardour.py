"""The Ardour scripts in a real Ardour without a window, with a real server."""

import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from music_programs import needs

HERE = Path(__file__).parent / "ardour"
TICKS = 1920
BAR = 4 * TICKS
SAMPLES_A_BAR = 4 * 24000  # 120 to the minute, 48 kHz

pytestmark = needs("ardour7-lua")


def melody(bars):
    scale = [60, 62, 64, 65, 67, 69, 71, 72]
    return [
        [2, i * 960 + i % 3, 900, scale[(i * i + i // 5) % 8], 70 + i % 9] for i in range(bars * 8)
    ]


@pytest.fixture(scope="module")
def told(scripts, host, tmp_path_factory):
    """What has become of a region: asked without a range, then with one; and the steps of undo."""
    home, work = tmp_path_factory.mktemp("ardour"), tmp_path_factory.mktemp("session")
    shutil.copytree(scripts("ardour"), home / "config/ardour7/scripts")
    settings = {"task": "infill", "temperature": 1.5}
    runs = [[0, 0], [4 * SAMPLES_A_BAR, 6 * SAMPLES_A_BAR]]
    runs = [{"range": samples, "settings": settings} for samples in runs]
    (work / "scenario.json").write_text(json.dumps({"bars": 8, "notes": melody(8), "runs": runs}))
    variables = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / "config",
        "DRIVE_SCRIPTS": home / "config/ardour7/scripts",
        "DRIVE_SCENARIO": work / "scenario.json",
        "DRIVE_SESSION": work / "session",
        "DRIVE_RESULT": work / "result.json",
    }
    done = subprocess.run(
        ["ardour7-lua", str(HERE / "drive.lua")],
        env=host | {name: str(value) for name, value in variables.items()},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    result = work / "result.json"
    assert result.exists(), done.stdout + done.stderr
    history = ET.parse(work / "session/t.history").getroot()
    steps = [step.get("name") for step in history.iter("UndoTransaction")]
    return *json.loads(result.read_text()), steps


def within(notes, first, last):
    return [note for note in notes if first * BAR <= note[1] < last * BAR]


def test_the_selected_bars_are_filled(told):
    _, filled, _ = told
    assert filled["shown"] == []
    before, after = filled["before"], filled["after"]
    assert before == melody(8)
    kept = [note for note in before if note not in within(before, 4, 6)]
    assert sorted(note for note in after if note not in within(after, 4, 6)) == sorted(kept)
    new = within(after, 4, 6)
    assert new
    assert new != within(before, 4, 6)
    assert {note[0] for note in new} == {2}, "the channel of the region"


def test_that_is_one_step_of_undo(told):
    assert told[2] == ["capture", "the user's notes", "LSTM Music: infill"]


def test_what_is_missing_is_said(told):
    asked, _, _ = told
    assert "range" in asked["shown"][0]
    assert asked["after"] == asked["before"]
