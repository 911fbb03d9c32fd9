"""Max, Max for Live and Bitwig: our scripts in stand-ins of their hosts, with a real server."""

import json
import re
import socket
import subprocess
from pathlib import Path

import pytest
from music_programs import needs
from serve_process import running

from lstm_music.daw.programs import SCRIPTS

HERE = Path(__file__).parent / "js"

pytestmark = needs("node")


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def play():
    """What has become of a scenario in the stand-in of a host."""
    reply = free_port()
    with running("--osc", 0, "--osc-reply", reply, "--workers", 1) as server:

        def run(host, script, scenario):
            command = ["node", str(HERE / f"{host}.js"), str(SCRIPTS / script)]
            command += [str(server.port("osc")), str(reply)]
            done = subprocess.run(
                command,
                input=json.dumps(scenario),
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        yield run


def in_max(told, outlet):
    return [message[1:] for message in told["outlets"] if message[0] == outlet]


def test_max_sends_and_hears(play):
    seed = [["note", 0, 60 + i % 5, 90, i / 2, 0.5] for i in range(24)]
    wishes = [["set", "task", "infill"], ["set", "bars", 2], ["set", "n", 2], ["compose", "mine"]]
    messages = [["reset"], ["seed"], ["meter", 4, 4], *seed, *wishes]
    told = play("max", "max/lstm_music.js", {"messages": messages})
    notes, others = in_max(told, 1), in_max(told, 2)
    assert {note[0] for note in notes} == {0, 1}
    assert all(4 <= note[4] < 8 for note in notes)
    assert others[-1][:3] == ["done", "mine", 2]
    assert told["posts"] == []


def test_max_says_what_it_does_not_know(play):
    told = play(
        "max", "max/lstm_music.js", {"messages": [["compos"], ["set", "x", 1], ["compose", 1]]}
    )
    assert "compos" in told["posts"][0]
    assert in_max(told, 2)[-1][0] == "error"


def live_clip(bars, **more):
    scale = [60, 62, 64, 65, 67, 69, 71, 72]
    notes = [
        {"pitch": scale[(i + i // 5) % 8], "start_time": i / 2 + 0.01 * (i % 2)}
        | {"duration": 0.45, "velocity": 80 + i % 7, "probability": 0.9}
        for i in range(bars * 8)
    ]
    return {"notes": notes, "end_marker": bars * 4, "name": "mine", "muted": 0} | more


LIVE = "live/lstm_music_live.js"


def test_live_fills_copies_of_the_clip(play):
    tracks = [[live_clip(8), live_clip(1), None], [None, None, None]]
    wishes = [["takes", 2], ["temperature", 1.4], ["first", 5], ["bars", 2], ["compose"]]
    told = play("max", LIVE, {"tracks": tracks, "messages": wishes})
    first, second, third, fourth = told["tracks"][0]
    assert first["name"] == second["name"] == "mine"
    assert len(told["tracks"][1]) == 4, "a scene was added for the second take"
    assert [third["name"], fourth["name"]] == ["infill 1", "infill 2"]
    for copy in (third, fourth):
        assert copy["envelope"] == "volume"
        inside = [note for note in copy["notes"] if 16 <= note["start_time"] < 24]
        outside = [note for note in copy["notes"] if note not in inside]
        assert outside == [n for n in first["notes"] if not 16 <= n["start_time"] < 24]
        assert inside
        assert all(note["probability"] == 1 for note in inside)
    assert third["notes"] != fourth["notes"]


def test_live_continues_and_makes_the_copy_longer(play):
    tracks = [[live_clip(4, start_marker=4, end_marker=16), None]]
    wishes = [["task", "continue"], ["takes", 1], ["bars", 2], ["compose"]]
    told = play("max", LIVE, {"tracks": tracks, "messages": wishes})
    first, copy = told["tracks"][0]
    assert copy["notes"][: len(first["notes"])] == first["notes"]
    new = copy["notes"][len(first["notes"]) :]
    assert new
    assert all(16 <= note["start_time"] < 24 for note in new)
    assert copy["end_marker"] == copy["loop_end"] == 24
    assert first["end_marker"] == 16


def test_live_says_what_is_missing(play):
    told = play("max", LIVE, {"tracks": [[None]], "messages": [["compose"]], "until": "Select"})
    assert "MIDI clip" in in_max(told, 1)[-1][-1]


BITWIG = "bitwig/LSTM Music.control.js"


def bitwig_clip(bars):
    scale = [60, 62, 64, 65, 67, 69, 71, 72]
    return [
        {"channel": i % 2, "x": i * 12 + i % 3, "y": scale[(i + i // 5) % 8]}
        | {"velocity": 70 + i % 9, "duration": 0.4}
        for i in range(bars * 8)
    ]


def test_bitwig_fills_new_clips(play):
    scenario = {"slots": [bitwig_clip(8), None, bitwig_clip(1), *[None] * 61], "selected": 0}
    told = play("bitwig", BITWIG, scenario | {"settings": {"Takes": 2, "Bars": 2}})
    assert told["slots"][0]["notes"] == scenario["slots"][0]
    assert told["slots"][2]["notes"] == scenario["slots"][2]
    for index in (1, 3):
        made = told["slots"][index]["notes"]
        outside = [note for note in made if not 384 <= note["x"] < 576]
        assert outside == [n for n in scenario["slots"][0] if not 384 <= n["x"] < 576]
        assert len(made) > len(outside)
        assert told["slots"][index]["beats"] == 32
    assert told["shown"][-1] == "2 takes in new clips"


def test_bitwig_continues(play):
    scenario = {"slots": [bitwig_clip(4), *[None] * 63], "selected": 0}
    settings = {"Task": "continue", "Takes": 1, "Bars": 2}
    told = play("bitwig", BITWIG, scenario | {"settings": settings})
    made = told["slots"][1]
    assert made["notes"][:32] == scenario["slots"][0]
    assert all(384 <= note["x"] < 576 for note in made["notes"][32:])
    assert made["beats"] == 24


def test_bitwig_says_what_is_missing(play):
    told = play("bitwig", BITWIG, {"slots": [None] * 64, "selected": 0})
    assert "Select a launcher clip" in told["shown"][0]


@pytest.mark.parametrize("script", ["max/lstm_music.js", LIVE, BITWIG])
def test_scripts_keep_to_what_old_engines_know(script):
    text = (SCRIPTS / script).read_text(encoding="utf-8")
    code = re.sub(r'//.*|"[^"\n]*"', "", text)
    assert not re.search(r"=>|`|\b(let|const|class|async|of)\s", code)
