"""Every command; locks, a cancelled call, and one that the server refuses."""

import re

import pytest
from music_programs import needs
from paths import MIDI_DATA

pytest.importorskip("playwright")
pytestmark = needs("chromium")

BAND = MIDI_DATA / "band.mid"
DROP_FORM = """{
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([], "empty.mid"));
    const options = { dataTransfer, bubbles: true, cancelable: true };
    document.getElementById("control-form_of").dispatchEvent(new DragEvent("drop", options));
}"""
ASKED = "lstmStudio.store.session.takesOf"


def asked(studio):
    """The request of the last command."""
    return [call for call in studio.calls if call["method"] == "complete"][-1]["params"]["request"]


def test_from_nothing_then_on_from_there(studio):
    studio.set(n=1, bars=2)
    studio.set(meter="3/4", rng_seed=3)
    studio.page.click("#task-generate")
    assert studio.wait_takes() == 1
    assert not studio.page.is_visible("#empty")
    primary = "[...document.querySelectorAll('.tasks .primary')].map(one => one.id)"
    assert studio.value(primary) == ["task-generate"]  # all that can be done without music
    studio.page.click("[aria-label='Keep take 1']")
    assert studio.value(primary) == ["task-infill"]
    assert studio.value("lstmStudio.store.timeline.bars.length") == 2
    assert studio.value("lstmStudio.store.piece.meters[0].numerator") == 3
    studio.set(meter="")
    studio.page.click("#task-generate")
    assert studio.wait_takes() == 1
    assert studio.page.inner_text("#task-generate-name") == "Continue"
    assert studio.value("lstmStudio.store.timeline.bars.length") == 4
    assert "with_" not in asked(studio)


def test_locked_tracks_stay_as_they_are(studio):
    studio.open(BAND)
    for track in ("Saxophone", "Drums"):
        studio.page.click(f"[aria-label='Lock {track}']")
    studio.page.click("#select-all")
    studio.set(n=1)
    studio.page.click("#task-vary")
    assert studio.wait_takes() == 1
    assert asked(studio)["tracks"] == [2, 3]
    assert asked(studio)["keep"] == "rhythm"
    places = studio.value("lstmStudio.store.take.places.map(place => place.track)")
    assert sorted(places) == [1, 2]
    assert "Electric piano, Bass" in studio.page.inner_text("#takes-of")


def test_an_accompaniment_is_a_new_track(studio):
    studio.open(BAND)
    studio.set(with_="strings", n=1)
    studio.page.click("#task-accompany")
    assert studio.wait_takes() == 1
    assert studio.page.locator("#tracks li").count() == 5
    assert studio.page.locator("#tracks li.is-new").count() == 1
    studio.page.click("[aria-label='Reject take 1']")
    assert studio.page.locator("#tracks li").count() == 4


def test_what_cannot_be_is_said(studio):
    studio.page.click("#task-infill")
    assert "Open a file first" in studio.alert()
    studio.open(BAND)
    studio.page.click("#task-infill")
    assert "Select the bars" in studio.alert()
    studio.value("lstmStudio.selecting.bars(0, 1)")
    studio.set(scale="H major")
    studio.page.click("#task-infill")
    studio.wait_takes()
    assert "H major" in studio.alert()  # the server's own words
    studio.set(scale="")
    studio.set(n=9, drafts=500, beam=8)
    studio.page.click("#task-infill")
    studio.page.click("#cancel")
    assert studio.status() == "Cancelled"
    assert studio.page.is_hidden("#busy")
    studio.set(n=1, drafts="", beam="")
    studio.page.click("#task-infill")  # the server is free again
    assert studio.wait_takes() == 1


def test_the_form_of_a_file_is_taken_on(studio):
    studio.page.locator("#controls summary", has_text="Piece").click()
    studio.page.set_input_files("#control-form_of + input", BAND)
    studio.until("document.getElementById('control-form').value")
    form = studio.page.input_value("#control-form")
    bars = studio.page.input_value("#bars")
    assert studio.status() == f"The next {bars} bars take on the form of band.mid: {form}"
    assert int(bars) == sum(map(int, re.findall(r"\d+", form)))
    studio.set(n=1)
    studio.page.click("#task-generate")
    assert studio.wait_takes() == 1
    assert asked(studio)["form"] == form
    assert "form" in studio.page.inner_text("#report")

    reads = len([call for call in studio.calls if call["method"] == "read"])
    studio.value(DROP_FORM)  # a file that is dropped there is not opened, too
    studio.until("document.getElementById('alert').textContent.includes('empty.mid has no form')")
    studio.page.wait_for_load_state("networkidle")
    assert len([call for call in studio.calls if call["method"] == "read"]) == reads + 1


def test_controls_come_from_the_table(studio):
    from lstm_music.generate.asking.request import CONTROLS

    elsewhere = {"bars", "tracks", "with_", "n", "keep", "amount", "threads"}
    made = studio.value(
        "[...document.querySelectorAll('#controls [data-control]')]\
        .map(one => one.dataset.control)"
    )
    assert made == [name for name in CONTROLS if name not in elsewhere]
    groups = studio.page.locator("#controls summary").all_inner_texts()
    assert [text.strip() for text in groups] == list(
        dict.fromkeys(row.group for row in CONTROLS.values())
    )
    labels = studio.page.locator("#controls label").all_text_contents()
    assert "tempo (bpm)" in labels
    help_text = studio.value("document.getElementById('control-key-help').textContent")
    assert help_text.endswith(" Only for Continue.")
    limits = studio.value(
        "(({ min, max }) => [min, max])(document.getElementById('control-top_p'))"
    )
    assert limits == ["0", "1"]
