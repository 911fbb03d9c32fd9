"""The REAPER script in a stand-in of REAPER (reaper/standin.lua), with a real server."""

import json
import os
import signal
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from music_programs import needs

from lstm_music.client import Client

HERE = Path(__file__).parent / "reaper"
PPQ = 960
BAR = 4 * PPQ

pytestmark = needs("lua5.4")


@pytest.fixture(scope="module")
def script(scripts):
    return scripts("reaper") / "lstm_music.lua"


def note(ppq, pitch, length=PPQ // 2, channel=0, velocity=80, flag=0):
    on, off = f"{0x90 | channel:02x}{pitch:02x}{velocity:02x}", f"{0x80 | channel:02x}{pitch:02x}00"
    return [[ppq, flag, on], [ppq + length, flag, off]]


def melody(bars, start=0):
    """Eighths up and down a scale, with what a player leaves between the notes."""
    scale = [60, 62, 64, 65, 67, 69, 71, 72]
    events = [[0, 0, "c018"], [7, 0, "ff03" + b"Lead".hex()], [11, 1, "b00740"]]
    for i in range(bars * 8):
        place = start + i * PPQ // 2
        events += note(place + i % 3, scale[i % 8 if i // 8 % 2 == 0 else 7 - i % 8])
        events.append([place, 0, f"b001{i % 128:02x}"])
        # The curve of that CC, as REAPER keeps it: right behind, at the same tick.
        events.append([place, 0, "ff0f" + b"CCBZ ".hex() + "000000803e"])
    return sorted(events, key=lambda event: event[0])


def bass(bars):
    return [event for i in range(bars) for event in note(i * BAR, 36 + i % 5, BAR - 60, channel=1)]


EMPTY = {"from": 0, "to": 8, "selected": True, "events": []}
FOUR_FOUR = [{"qn": 0, "bpm": 100, "numerator": 4, "denominator": 4}]


def project(**changes):
    """Two tracks of eight bars; the lead's item is selected, and so are bars 5 to 6."""
    lead = {"from": 0, "to": 32, "selected": True, "events": melody(8)}
    low = {"from": 0, "to": 32, "events": bass(8)}
    tracks = [{"name": "Lead", "items": [lead]}, {"name": "Bass", "items": [low]}]
    return {
        "tracks": tracks,
        "tempo": FOUR_FOUR,
        "range": [16, 24],
        "clicks": ["Compose"],
    } | changes


def play(script, environment, scenario):
    """What has become of a project when the window shows `until`."""
    scenario = {"until": "takes%."} | scenario
    done = subprocess.run(
        ["lua5.4", str(HERE / "drive.lua"), str(HERE / "standin.lua"), str(script)],
        input=json.dumps(scenario),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def takes(result, track=0, item=0, when="after"):
    return result[when][track]["items"][item]["takes"]


def onsets(events):
    return [e for e in events if e[2][0] == "9" and e[2][4:6] != "00"]


def others(events):
    """All events but notes, with their places."""
    return [event for event in events if event[2][0] not in "89"]


def within(events, first, last):
    return [event for event in events if first * BAR <= event[0] < last * BAR]


@pytest.fixture(scope="module")
def filled(script, host):
    settings = {"task": "infill", "takes": "2"}
    return play(script, host, project(settings=settings, pools=True))


def test_the_items_own_take_stays_byte_for_byte(filled):
    before, after = takes(filled, when="before")[0], takes(filled)[0]
    assert after["events"] == before["events"]
    assert takes(filled, track=1) == takes(filled, track=1, when="before")


def test_each_take_becomes_a_take_of_the_item(filled):
    assert [take["name"] for take in takes(filled)] == ["", "infill 1", "infill 2"]
    assert [take["active"] for take in takes(filled)] == [False, True, False]
    assert takes(filled)[1]["events"] != takes(filled)[2]["events"]


def test_new_notes_lie_in_the_open_bars_and_all_else_is_kept(filled):
    old = takes(filled)[0]["events"]
    for take in takes(filled)[1:]:
        new = take["events"]
        assert others(new) == others(old)
        outside = [e for e in onsets(old) if e not in within(onsets(old), 4, 6)]
        assert [e for e in onsets(new) if e not in within(onsets(new), 4, 6)] == outside
        assert within(onsets(new), 4, 6)
        assert within(onsets(new), 4, 6) != within(onsets(old), 4, 6)
        assert new[-1] == old[-1], "the mark of the item's end"
        for before, event in pairwise(new):
            if event[2].startswith("ff0f"):
                assert before[2].startswith("b001"), "a curve stands right behind its CC"
        ons, offs = onsets(new), [e for e in new if e[2][0] == "8"]
        assert len(ons) == len(offs)


def test_undo_is_one_step(filled):
    assert filled["undo"] == ["LSTM Music: infill"]
    assert filled["undone_is_original"] is True


def test_the_selection_is_the_users(filled):
    assert filled["after"][0]["items"][0]["selected"] is True
    assert filled["after"][1]["items"][0]["selected"] is False


def test_no_tick_takes_long(filled):
    """A million instructions of Lua are some hundredths of a second."""
    assert filled["ticks"] > 5
    assert filled["longest"] < 1_000_000


def test_continue_makes_an_item_behind(script, host):
    settings = {"task": "continue", "bars": "2", "takes": "2"}
    result = play(script, host, project(settings=settings))
    first, second = result["after"][0]["items"]
    assert (first["from"], first["to"], len(first["takes"])) == (0, 32, 1)
    assert (second["from"], second["to"]) == pytest.approx((32, 40))
    assert [take["name"] for take in second["takes"]] == ["continue 1", "continue 2"]
    for take in second["takes"]:
        assert onsets(take["events"])
        assert all(event[0] < 2 * BAR for event in onsets(take["events"]))
        assert take["events"][-1][0] == 2 * BAR
    assert len(result["undo"]) == 1


def test_accompany_makes_named_tracks_behind(script, host):
    settings = {"task": "accompany", "with": "drums,bass", "takes": "1"}
    result = play(script, host, project(settings=settings))
    assert [track["name"] for track in result["after"]] == ["Lead", "drums", "bass", "Bass"]
    drums = onsets(takes(result, track=1)[0]["events"])
    assert drums
    assert {event[2][1] for event in drums} == {"9"}, "the channel of drums"
    assert takes(result, track=0) == takes(result, track=0, when="before")


def test_vary_keeps_the_rhythm(script, host):
    settings = {"task": "vary", "keep": "rhythm", "takes": "1", "temperature": "1.6"}
    result = play(script, host, project(settings=settings))
    old, new = (onsets(take["events"]) for take in takes(result))
    assert len(new) == len(old)
    assert [e[2] for e in new] != [e[2] for e in old]
    assert within(new, 0, 4) == within(old, 0, 4)


def test_bars_are_those_of_the_projects_meter(script, host):
    """An item that begins in bar 2 of 3/4, after a bar of 4/4 at another tempo."""
    tempo = [
        {"qn": 0, "bpm": 90, "numerator": 4, "denominator": 4},
        {"qn": 4, "bpm": 150, "numerator": 3, "denominator": 4},
    ]
    events = [e for i in range(36) for e in note(i * PPQ // 2, 60 + i % 7)]
    lead = {"from": 7, "to": 25, "selected": True, "events": events}
    tracks = [{"name": "Lead", "items": [lead]}]
    settings = {"task": "infill", "takes": "1"}
    given = project(tracks=tracks, tempo=tempo, range=[13, 16], settings=settings)
    result = play(script, host, given)
    old, new = (onsets(take["events"]) for take in takes(result))
    inside = range(6 * PPQ, 9 * PPQ)
    assert [e for e in new if e[0] not in inside] == [e for e in old if e[0] not in inside]
    assert any(e[0] in inside for e in new)


def test_a_time_selection_alone_takes_the_items_in_it(script, host):
    given = project(settings={"task": "infill", "takes": "1"})
    for track in given["tracks"]:
        track["items"][0].pop("selected", None)
    given["tracks"][1]["selected"] = True
    result = play(script, host, given)
    assert [len(takes(result, track=i)) for i in range(2)] == [1, 2]


def test_what_the_user_clicks_is_asked_and_remembered(script, host):
    given = project(clicks=["infill", "Compose"], settings={"takes": "1"})
    result = play(script, host, given)
    assert result["undo"] == ["LSTM Music: continue"]
    assert result["settings"]["lstm_music/task"] == "continue"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"range": None}, "Select the bars"),
        ({"tracks": [{"name": "", "items": []}]}, "Select a MIDI item"),
        ({"tracks": [{"name": "", "items": [EMPTY]}]}, "no notes"),
    ],
)
def test_what_cannot_be_asked_is_said(script, host, changes, message):
    given = project(settings={"task": "infill"}) | changes | {"until": message}
    result = play(script, host, given)
    assert message in result["status"]
    assert result["undo"] == []


def test_cancel_leaves_the_project_as_it_was(script, host):
    given = project(settings={"task": "infill", "takes": "16"}, clicks=["Compose", "Cancel"])
    result = play(script, host, given | {"until": "cancelled"})
    assert result["undo"] == []
    assert takes(result) == takes(result, when="before")


def test_the_script_starts_the_server_itself(script, state, tmp_path):
    """As after `lstm-music install-daw reaper`, when no server has ever run."""
    environment = state | {"LSTM_MUSIC_STATE": str(tmp_path)}
    result = play(script, environment, project(settings={"task": "infill", "takes": "1"}))
    with client_of(tmp_path) as server:
        assert len(result["started"]) == 1
        assert [take["name"] for take in takes(result)] == ["", "infill 1"]
        pid = json.loads((tmp_path / "server.json").read_text())["pid"]
        assert server.server["name"] == "lstm_music"
    os.kill(pid, signal.SIGTERM)


def client_of(state_folder):
    told = json.loads((state_folder / "server.json").read_text())
    return Client(told["host"], told["port"], told["token"])


def test_a_server_that_does_not_start_is_named(script, state, tmp_path):
    environment = state | {"LSTM_MUSIC_STATE": str(tmp_path), "LSTM_MUSIC_COMMAND": "true"}
    given = project(settings={"task": "infill"}, until="has not started", tick_seconds=5)
    result = play(script, environment, given)
    assert result["started"] == ["true --shared"]
    assert list((tmp_path / "exchange").iterdir()) == []
