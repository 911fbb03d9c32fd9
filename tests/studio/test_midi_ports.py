"""MIDI ports: played through and recorded from, and a browser that has none."""

import pytest
from music_programs import needs
from paths import MIDI_DATA
from studio_page import StudioPage

pytest.importorskip("playwright")
pytestmark = needs("chromium")

REEL = MIDI_DATA / "reel.mid"
# A browser without a screen has no MIDI, so its ports are made here; the bytes are the page's own.
_PORTS = """
globalThis.sent = [];
globalThis.keyboard = { id: "in", onmidimessage: null };
const output = { id: "out", name: "A synth", send: (bytes, at) => sent.push([at ?? 0, ...bytes]) };
navigator.requestMIDIAccess = async () => ({
    inputs: new Map([["in", keyboard]]), outputs: new Map([["out", output]]),
});
"""
_PLAY = """([pitch, ms]) => new Promise((done) => {
    const key = (...bytes) =>
        keyboard.onmidimessage({ data: new Uint8Array(bytes), timeStamp: performance.now() });
    key(0x90, pitch, 99);
    setTimeout(() => { key(0x90, pitch, 0); done(); }, ms);
})"""


@pytest.fixture
def ported(context, url):
    context.add_init_script(_PORTS)
    one = StudioPage(context, url)
    yield one
    one.check()


def test_a_piece_goes_to_a_port(ported):
    ported.open(REEL)
    ported.page.click("#menu > summary")
    ported.page.select_option("#port", "ask")
    ported.until("document.querySelectorAll('#port option').length === 3")
    ported.page.select_option("#port", "out")
    ported.until("lstmStudio.player.port")
    ported.page.click("#play")
    ported.until("sent.length > 20")
    ported.page.click("#play")
    sent = ported.value("sent")
    ons = [message for message in sent if message[1] & 0xF0 == 0x90]
    notes = ported.value("lstmStudio.store.piece.notes.map(n => [n.pitch, n.velocity])")
    assert [message[2:] for message in ons] == notes[: len(ons)]
    wanted = ported.value("lstmStudio.store.piece.notes.map(n => n.onset_seconds * 1000)")
    late = [message[0] - ms for message, ms in zip(ons, wanted)]
    assert max(late) - min(late) < 30  # each at its own time
    assert [0xB0, 123, 0] in [message[1:] for message in sent]  # all notes off
    assert ported.value("lstmStudio.player.level()") == 0  # the page itself is silent


def test_what_is_played_becomes_a_piece(ported):
    ported.page.click("#menu > summary")
    ported.page.click("#record")
    ported.until("!!keyboard.onmidimessage")
    for pitch in (60, 64):
        ported.page.evaluate(_PLAY, [pitch, 300])
    ported.page.click("#menu > summary")
    assert ported.page.inner_text("#record") == "Stop recording"
    ported.page.click("#record")
    ported.until("lstmStudio.store.current?.name === 'recorded.mid'")
    notes = ported.value(
        "lstmStudio.store.piece.notes.map(n => [n.pitch, n.velocity, n.duration_quarters])"
    )
    assert [note[:2] for note in notes] == [[60, 99], [64, 99]]
    assert all(0.4 < note[2] < 2 for note in notes)  # 300 ms at 120 bpm, on a busy machine


def test_a_browser_without_webmidi(context, url):
    context.add_init_script("delete Navigator.prototype.requestMIDIAccess;")
    studio = StudioPage(context, url)
    studio.open(REEL)
    studio.page.click("#menu > summary")
    assert studio.page.locator("#port option").all_inner_texts() == ["The sounds of this page"]
    assert studio.page.is_hidden("#record")
    studio.page.click("#play")
    studio.until("lstmStudio.player.level() > 0.01")
    studio.check()
