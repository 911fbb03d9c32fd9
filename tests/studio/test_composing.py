"""The studio as a composer uses it: open, select, have written anew, hear, keep, undo, save."""

import base64
import json
import urllib.request

import pytest
from music_programs import needs
from paths import MIDI_DATA

import lstm_music as lm

pytest.importorskip("playwright")
pytestmark = needs("chromium")

BAND = MIDI_DATA / "band.mid"
NOTES = "lstmStudio.store.piece.notes.map(n => [n.track, n.pitch, n.onset_quarters])"


def api(url, params):
    """What the server answers to the same call from elsewhere."""
    body = json.dumps({"id": 1, "method": "complete", "params": params}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}api", body, headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["result"]


def test_four_bars_written_anew(studio):
    studio.open(BAND)
    studio.drag_over_bars(4, 7)
    assert studio.status() == "Selected: bars 5–8, all tracks"
    studio.set(rng_seed=7, density=3, n=2)
    given = studio.value(NOTES)
    studio.page.click("#task-infill")
    assert studio.wait_takes() == 2
    assert studio.value(NOTES) == given  # nothing changes until it is kept
    assert studio.page.locator("#takes li").count() == 2
    assert "density" in studio.page.inner_text("#report")

    # It is heard: loud enough, and exactly the notes of bars 4 to 9 with the take in its place.
    studio.page.click("[aria-label='Hear take 1']")
    studio.until("lstmStudio.player.level() > 0.01")
    studio.until("lstmStudio.player.log.length > 20")
    log = studio.value("lstmStudio.player.log.map(n => [n.track, n.pitch, n.velocity])")
    shown = studio.value(
        "lstmStudio.store.take.piece.notes.filter(n => n.onset_quarters >= 12)"
        ".map(n => [n.track, n.pitch, n.velocity, n.onset_seconds])"
    )
    expected = [note[:3] for note in sorted(shown, key=lambda note: note[3])]
    assert log == expected[: len(log)]
    studio.page.click("[aria-label=Pause]")

    take = studio.value(
        "lstmStudio.store.take.notes.map(n => [n.track, n.pitch, n.onset_quarters])"
    )
    studio.page.click("[aria-label='Keep take 1']")
    kept = studio.value(NOTES)
    assert sorted(kept) == sorted([note for note in given if not 16 <= note[2] < 32] + take)
    studio.page.click("#undo")
    assert studio.value(NOTES) == given
    studio.page.click("#redo")
    assert studio.value(NOTES) == kept

    saved, name = studio.save(lambda: studio.page.click("#save-mid"))
    assert name == "band-studio.mid"
    (call,) = [one for one in studio.calls if one["method"] == "complete"]
    assert call["params"]["request"]["bars"] == [5, 8]
    del call["params"]["events"]
    answer = api(studio.url, call["params"])
    assert saved == base64.b64decode(answer["takes"][0]["midi"])
    request = lm.Request("infill", BAND, bars=(5, 8), density=3, n=2, rng_seed=7)
    same = lm.load().complete(request)[0]
    assert lm.read(saved).notes.tolist() == same.piece.notes.tolist()
