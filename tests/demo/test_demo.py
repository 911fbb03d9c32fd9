"""The studio without a server composes what this machine composes, byte for byte."""

import base64
import json

import pytest
from music_programs import needs
from paths import MIDI_DATA

from lstm_music.serve.local import Local

pytest.importorskip("playwright")
pytestmark = needs("chromium")

CALL = """async (line) => {
    const { reach } = await import(new URL("js/net/reach.js", document.baseURI).href);
    const headers = { "Content-Type": "application/json" };
    return (await reach("/api", { method: "POST", headers, body: line })).json();
}"""


def data(name):
    return {"data": base64.b64encode((MIDI_DATA / name).read_bytes()).decode()}


CALLS = {
    "from nothing": {"request": {"bars": 4, "key": "D minor", "meter": "6/8", "rng_seed": 3}},
    "continue": {"request": {"bars": 4, "rng_seed": 2}, "seed": data("band.mid")},
    "infill": {
        "request": {"task": "infill", "bars": [3, 5], "rng_seed": 1},
        "seed": data("chorale.mid"),
    },
    "accompany": {
        "request": {"task": "accompany", "with_": ["drums", "bass"], "rng_seed": 4},
        "seed": data("reel.mid"),
    },
    "vary": {
        "request": {"task": "vary", "keep": "rhythm", "rng_seed": 5},
        "seed": data("reel.mid"),
    },
}


@pytest.fixture
def local(monkeypatch):
    monkeypatch.setenv("LSTM_MUSIC_ISA", "base")
    return Local()


def test_the_browser_answers_as_this_machine_does(demo, local):
    for params in CALLS.values():
        line = json.dumps({"id": 1, "method": "complete", "params": params})
        expected = json.loads(local.answer(line.encode(), print))
        assert expected["result"]["takes"][0]["new_notes"] > 5
        assert demo.page.evaluate(CALL, line) == expected


def test_two_bars_of_a_file_are_written_anew_and_saved(demo, local):
    demo.open(MIDI_DATA / "chorale.mid")
    demo.drag_over_bars(2, 3)
    demo.set(rng_seed=7, n=2)
    demo.page.click("#task-infill")
    assert demo.wait_takes() == 2
    demo.page.click("[aria-label='Keep take 1']")
    saved, name = demo.save(lambda: demo.page.click("#save-mid"))
    assert name.endswith(".mid")
    request = demo.value("lstmStudio.composing.request('infill')")
    asked = {"request": request | {"rng_seed": 7, "n": 2}, "seed": data("chorale.mid")}
    line = json.dumps({"id": 1, "method": "complete", "params": asked})
    answer = json.loads(local.answer(line.encode(), print))
    assert saved == base64.b64decode(answer["result"]["takes"][0]["midi"])


def test_what_needs_music21_is_refused_in_words(demo):
    score = base64.b64encode(b'<?xml version="1.0"?><score-partwise></score-partwise>').decode()
    for params, word in (
        ({"music": {"data": score}}, "only MIDI files can be opened here"),
        ({"music": data("reel.mid"), "formats": ["musicxml"]}, "that needs music21"),
    ):
        line = json.dumps({"id": 1, "method": "read", "params": params})
        error = demo.page.evaluate(CALL, line)["error"]
        assert error["code"] == "bad_params"
        assert word in error["message"]


def test_a_cancelled_call_leaves_a_page_that_composes(demo):
    demo.set(rng_seed=1, bars=64)
    demo.page.click("#task-generate")
    demo.until("lstmStudio.composing.progress !== ''")
    demo.value("lstmStudio.composing.cancel()")
    demo.until("!lstmStudio.composing.running")
    demo.set(bars=1)
    demo.page.click("#task-generate")
    assert demo.wait_takes() > 0
