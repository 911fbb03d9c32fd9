"""The MuseScore plugin in a real MuseScore 3, which saves what has become of the score."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from music_programs import needs
from paths import MIDI_DATA

import lstm_music as lm

HERE = Path(__file__).parent / "musescore"
REEL = MIDI_DATA / "reel.mid"
TICKS = 480
BAR = 4 * TICKS

pytestmark = needs("mscore3")


@pytest.fixture(scope="module")
def home(scripts, host, tmp_path_factory):
    """A user's folder with the plugin, and the shared server where the plugin looks for it."""
    home = tmp_path_factory.mktemp("musescore")
    plugins = home / "Documents/MuseScore3/Plugins"
    shutil.copytree(scripts("musescore"), plugins / "lstm_music")
    shutil.copy(HERE / "drive.qml", plugins)
    state = home / ".local/state"
    state.mkdir(parents=True)
    (state / "lstm_music").symlink_to(host["LSTM_MUSIC_STATE"])
    return home


def run(home, source, target, **scenario):
    """What the plugin showed; the score is in `target` then."""
    plugins = home / "Documents/MuseScore3/Plugins"
    (plugins / "drive.json").write_text(
        json.dumps({"selection": None, "target": str(target), **scenario})
    )
    (plugins / "drive.out").unlink(missing_ok=True)
    (home / "run").mkdir(mode=0o700, exist_ok=True)
    variables = {"HOME": home, "XDG_RUNTIME_DIR": home / "run", "QT_QPA_PLATFORM": "offscreen"}
    environment = os.environ | {name: str(value) for name, value in variables.items()}
    for name in ("XDG_STATE_HOME", "XDG_DOCUMENTS_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        environment.pop(name, None)
    command = ["mscore3", "-p", "drive.qml", str(source)]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    told = json.loads((plugins / "drive.out").read_text())
    assert "error" not in told, told
    return told


@pytest.fixture(scope="module")
def score(home):
    """The reel as MuseScore writes it down, before any plugin."""
    target = home / "reel.mscx"
    command = ["mscore3", "-o", str(target), str(REEL)]
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "HOME": str(home)}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    return target


def notes(score, home):
    """(bar from 0, quarters from the bar line, pitch) of each note, as MuseScore plays it."""
    target = home / "read.mid"
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "HOME": str(home)}
    command = ["mscore3", "-o", str(target), str(score)]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    piece = lm.read(target)
    rows = [(int(n["onset_steps"]), int(n["pitch_midi"])) for n in piece.notes]
    return [(onset // 96, onset % 96 / 24, pitch) for onset, pitch in rows]


@pytest.fixture(scope="module")
def old(score, home):
    return notes(score, home)


def test_infill_writes_the_selected_bars_alone(home, score, old):
    selection = {"from": 2 * BAR, "to": 4 * BAR, "first": 0, "last": 0}
    settings = {"task": "infill", "takes": 2, "temperature": 1.4}
    told = run(home, score, home / "filled.mscx", selection=selection, settings=settings)
    assert told["status"].startswith("Take 1 of 2")
    new = notes(home / "filled.mscx", home)
    assert [n for n in new if n[0] not in (2, 3)] == [n for n in old if n[0] not in (2, 3)]
    inside = [n for n in new if n[0] in (2, 3)]
    assert inside
    asked = {(n["onset_quarters"], n["pitch"]) for n in told["takes"][0]["notes"]}
    assert {(bar * 4 + at, pitch) for bar, at, pitch in inside} == asked


def test_the_next_take_takes_the_place_of_the_one_before(home, score):
    selection = {"from": 2 * BAR, "to": 4 * BAR, "first": 0, "last": 0}
    settings = {"task": "infill", "takes": 2, "temperature": 1.4}
    told = run(
        home, score, home / "next.mscx", selection=selection, settings=settings, shows=[1, 0, 1]
    )
    assert told["shown"] == 1
    new = [n for n in notes(home / "next.mscx", home) if n[0] in (2, 3)]
    asked = {(n["onset_quarters"], n["pitch"]) for n in told["takes"][1]["notes"]}
    assert {(bar * 4 + at, pitch) for bar, at, pitch in new} == asked


def test_continue_adds_bars(home, score, old):
    told = run(
        home, score, home / "more.mscx", settings={"task": "continue", "bars": 2, "takes": 1}
    )
    assert told["status"].startswith("Take 1 of 1")
    new = notes(home / "more.mscx", home)
    assert new[: len(old)] == old
    last = max(n[0] for n in old)
    assert {n[0] for n in new[len(old) :]} == {last + 1, last + 2}


def test_what_cannot_be_asked_is_said(home, score, old):
    told = run(home, score, home / "none.mscx", settings={"task": "infill"})
    assert "Select the bars" in told["status"]
    assert notes(home / "none.mscx", home) == old
