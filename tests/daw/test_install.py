"""`lstm-music install-daw`: copies, says what to click, takes away again."""

import hashlib
import json
import re
import subprocess
import sys

import pytest
from serve_process import environment

from lstm_music.daw.programs import PROGRAMS, SCRIPTS


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def run(home, *words, code=0):
    command = [sys.executable, "-P", "-m", "lstm_music", "install-daw", *map(str, words)]
    variables = {"HOME": str(home), "LSTM_MUSIC_STATE": str(home / "state")}
    done = subprocess.run(
        command,
        check=False,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    return done


def files_of(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_it_copies_says_what_to_click_and_takes_away_again(home):
    shown = run(home, "reaper").stdout
    folder = home / ".config/REAPER/Scripts/lstm_music"
    assert {path.name for path in files_of(folder)} == set(PROGRAMS["reaper"].files)
    source = SCRIPTS / PROGRAMS["reaper"].files["lstm_music.lua"]
    assert (folder / "lstm_music.lua").read_bytes() == source.read_bytes()
    assert f"Load ReaScript, and choose {folder}/lstm_music.lua" in shown
    run(home, "reaper", "--undo")
    assert not folder.exists()


def test_the_script_can_start_the_server(home):
    run(home, "reaper")
    command = json.loads((home / "state/command.json").read_text())["command"]
    assert command == [sys.executable, "-m", "lstm_music", "serve"]


def test_what_is_not_ours_is_neither_overwritten_nor_removed(home):
    run(home, "reaper")
    changed = home / ".config/REAPER/Scripts/lstm_music/window.lua"
    changed.write_text("-- mine\n")
    assert "window.lua" in run(home, "reaper", code=6).stderr
    assert "window.lua" in run(home, "reaper", "--undo", code=6).stderr
    assert changed.read_text() == "-- mine\n"
    run(home, "reaper", "--force")
    assert changed.read_text() != "-- mine\n"


def test_what_an_older_version_left_is_brought_up_to_date(home):
    run(home, "reaper")
    path = home / ".config/REAPER/Scripts/lstm_music/window.lua"
    record = home / "state/installed-reaper.json"
    old = "-- of the version before\n"
    path.write_text(old)
    known = json.loads(record.read_text())
    known[str(path)] = hashlib.sha256(old.encode()).hexdigest()
    record.write_text(json.dumps(known))
    run(home, "reaper")
    assert path.read_text() != old


def test_undo_keeps_a_folder_with_other_files(home):
    run(home, "reaper", "--into", home / "scripts")
    (home / "scripts/other.lua").write_text("")
    removed = json.loads(run(home, "reaper", "--undo", "--json").stdout)["removed"]
    assert len(removed) == len(PROGRAMS["reaper"].files)
    assert [path.name for path in files_of(home / "scripts")] == ["other.lua"]


def test_the_list_tells_what_is_installed(home):
    before = json.loads(run(home, "--list", "--json").stdout)
    assert set(before) == set(PROGRAMS)
    assert not any(one["installed"] for one in before.values())
    run(home, "reaper")
    assert "installed" in run(home, "--list").stdout


@pytest.mark.parametrize("words", [["cubase"], [], ["reaper", "--undo"]])
def test_what_cannot_be_done_is_said(home, words):
    done = run(home, *words, code=2)
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_each_program_has_its_files_and_a_folder_on_each_system(
    name, platform, monkeypatch, tmp_path
):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("APPDATA", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    one = PROGRAMS[name]
    assert all((SCRIPTS / source).is_file() for source in one.files.values())
    folder = one.folder()
    assert folder.is_relative_to(tmp_path)
    assert not any(c in str(folder) for c in "*%~")
    assert "{folder}" not in one.then.format(folder=folder)


def test_every_script_belongs_to_a_program():
    known = {source for one in PROGRAMS.values() for source in one.files.values()}
    assert {path.relative_to(SCRIPTS).as_posix() for path in files_of(SCRIPTS)} == known


@pytest.mark.parametrize("patch", sorted(SCRIPTS.rglob("*.maxpat")), ids=lambda p: p.stem)
def test_a_max_patch_holds_together(patch):
    patcher = json.loads(patch.read_text())["patcher"]
    boxes = {one["box"]["id"]: one["box"] for one in patcher["boxes"]}
    assert len(boxes) == len(patcher["boxes"])
    for line in patcher["lines"]:
        (source, outlet), (to, inlet) = (
            line["patchline"]["source"],
            line["patchline"]["destination"],
        )
        assert outlet < boxes[source]["numoutlets"]
        assert inlet < boxes[to]["numinlets"]
    (script,) = [box for box in boxes.values() if box.get("text", "").startswith("js ")]
    code = (patch.parent / script["text"].split()[1]).read_text()
    counts = (script["numinlets"], script["numoutlets"])
    assert counts == tuple(
        int(re.search(rf"^{n} = (\d)", code, re.M)[1]) for n in ("inlets", "outlets")
    )


def test_a_live_device_is_its_patch_in_the_chunks_of_an_amxd():
    device = PROGRAMS["live"].contents()["LSTM Music.amxd"]
    assert device[:8] == b"ampf\x04\0\0\0"
    assert device[8:24] == b"mmmmmeta\x04\0\0\0\0\0\0\0"
    assert device[24:28] == b"ptch"
    assert int.from_bytes(device[28:32], "little") == len(device) - 32
    patcher = json.loads(device[32:-1])["patcher"]
    assert {box["box"].get("text") for box in patcher["boxes"]} >= {"midiin", "midiout"}
