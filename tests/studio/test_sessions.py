"""Nothing is lost: on a reload, in two tabs, as a file, or when the server is killed."""

import json
import signal

import pytest
from music_programs import needs
from paths import MIDI_DATA
from studio_page import StudioPage, studio_server

pytest.importorskip("playwright")
pytestmark = needs("chromium")

BAND, REEL = MIDI_DATA / "band.mid", MIDI_DATA / "reel.mid"
STEPS = "[...lstmStudio.store.states.values()].map(state => state.label)"
NAME = "lstmStudio.store.current?.name"


def vary_bar(studio, seed=1):
    """Two takes of the first bar."""
    studio.value("lstmStudio.selecting.bars(0, 0)")
    studio.set(rng_seed=seed, n=2)
    studio.page.click("#task-vary")
    assert studio.wait_takes() == 2


def reload(studio):
    studio.value("lstmStudio.sessions.save()")
    studio.page.reload()
    studio.wait_ready()


def test_a_reload_keeps_music_history_takes_and_controls(studio):
    studio.open(REEL)
    vary_bar(studio)
    studio.page.keyboard.press("k")
    vary_bar(studio, seed=2)
    studio.page.click("[aria-label^='Lock']")
    wanted = "[lstmStudio.store.current.midi, lstmStudio.store.session.takes.map(t => t.midi), \
        lstmStudio.store.session.selection, lstmStudio.store.session.switches]"
    before = studio.value(wanted)
    reload(studio)
    assert studio.value(wanted) == before
    assert studio.page.input_value("[data-control=rng_seed]") == "2"
    assert studio.page.locator("#takes li").count() == 2
    studio.page.click("#undo")
    assert studio.value(STEPS) == ["Open reel.mid", "Vary bar 1, all tracks"]
    assert studio.value("lstmStudio.store.current.label") == "Open reel.mid"


def test_no_step_is_ever_lost(studio):
    studio.open(REEL)
    vary_bar(studio)
    studio.page.click("[aria-label='Keep take 1']")
    first = studio.value("lstmStudio.store.current.id")
    studio.page.click("#undo")
    vary_bar(studio, seed=2)
    studio.page.click("[aria-label='Keep take 2']")  # another way from the same step
    assert studio.page.locator("#past li").count() == 3
    studio.page.click("#undo")
    studio.page.locator("#past button").nth(1).click()
    assert studio.value("lstmStudio.store.current.id") == first
    studio.page.click("#undo")
    studio.page.click("#redo")  # along the way that was taken last
    assert studio.value("lstmStudio.store.current.id") == first
    studio.open(BAND)  # another file is a step, too
    studio.page.click("#undo")
    assert studio.value("lstmStudio.store.current.id") == first


def test_two_tabs_have_a_session_each(studio, context, url):
    studio.open(REEL)
    studio.value("lstmStudio.sessions.save()")
    other = StudioPage(context, url)
    assert other.value(NAME) is None
    other.open(BAND)
    reload(other)
    reload(studio)
    assert (studio.value(NAME), other.value(NAME)) == ("reel.mid", "band.mid")
    other.page.click("#menu > summary")
    other.page.click("#sessions button")
    other.until("document.getElementById('alert').textContent.includes('another tab')")
    assert other.value(NAME) == "band.mid"
    studio.page.close()  # a tab that is closed gives its session back
    other.page.click("#menu > summary")
    other.page.click("#sessions button")
    other.until(f"{NAME} === 'reel.mid'")
    other.check()


def test_a_new_session_and_back_to_the_one_before(studio):
    studio.open(REEL)
    studio.page.click("#menu > summary")
    studio.page.click("#new-session")
    studio.until("!lstmStudio.store.current")
    assert studio.page.is_visible("#empty")
    studio.open(BAND)
    for name in ("reel.mid", "band.mid"):
        studio.page.click("#menu > summary")
        studio.page.click("#sessions button")
        studio.until(f"{NAME} === '{name}'")
        assert studio.page.title() == f"{name} – Studio"
    assert studio.alert() == ""


def test_a_session_as_a_file(studio, browser, url):
    studio.open(REEL)
    vary_bar(studio)
    studio.page.click("[aria-label='Keep take 1']")
    studio.page.click("#menu > summary")
    data, name = studio.save(lambda: studio.page.click("#save-session"))
    assert name == "reel-studio.studio.json"
    assert json.loads(data)["version"] == 1
    elsewhere = browser.new_context()
    try:
        other = StudioPage(elsewhere, url)
        other.drop(name, data)
        other.until(f"{NAME} === 'reel.mid'")
        assert other.value(STEPS) == studio.value(STEPS)
        other.check()
    finally:
        elsewhere.close()


def test_a_server_that_is_killed_and_comes_back(context):
    with studio_server("--port", 0) as (process, url):
        studio = StudioPage(context, url)
        studio.open(REEL)
        process.send_signal(signal.SIGKILL)
        process.wait()
    studio.page.click("#task-generate")
    studio.until("!document.getElementById('offline').hidden")
    assert "lstm-music studio" in studio.page.inner_text("#offline")
    assert studio.value(NAME) == "reel.mid"
    port = url.rsplit(":", 1)[1].strip("/")
    with studio_server("--port", port):
        studio.until("document.getElementById('offline').hidden")
        vary_bar(studio)
        studio.page.click("[aria-label='Keep take 1']")
        assert studio.value("lstmStudio.store.session.states.length") == 2
        studio.check()
