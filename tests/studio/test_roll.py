"""The piano roll with 20,000 notes: it looks at what is in sight, and draws it once."""

import pytest
from music_programs import needs
from studio_large import write_large

import lstm_music as lm

pytest.importorskip("playwright")
pytestmark = needs("chromium")

_SEEN = """() => {
    const { view } = lstmStudio.roll;
    return lstmStudio.store.piece.notes.filter(note =>
        note.onset_quarters < view.right
        && note.onset_quarters + note.duration_quarters > view.left
        && note.pitch <= view.top + 1 && note.pitch >= view.bottomPitch).length;
}"""
_LOOKED_AT = """() => {
    const { roll } = lstmStudio;
    const between = roll.given.between.bind(roll.given);
    let looked = 0;
    roll.given.between = (start, end, visit) =>
        between(start, end, (note) => { looked++; visit(note); });
    roll.redraw();
    roll.draw();
    roll.given.between = between;
    return looked;
}"""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Five tracks with 4,000 notes each."""
    path = tmp_path_factory.mktemp("large") / "large.mid"
    write_large(path)
    assert len(lm.read(path).notes) == 20_000
    return path


def test_only_what_is_in_sight_is_drawn(studio, large):
    studio.open(large)
    assert studio.value("lstmStudio.store.piece.notes.length") == 20_000
    studio.value("lstmStudio.roll.view.zoom(40, 100)")
    looked = studio.value(_LOOKED_AT)
    drawn, seen = studio.value("lstmStudio.roll.work.notes"), studio.value(_SEEN)
    assert 0 < drawn <= seen < 1000
    assert looked < 3 * seen + 100  # for the notes, and for their velocities
    # With everything in sight, what would fall on pixels of the same colour is left out.
    studio.value("lstmStudio.roll.view.fit()")
    studio.value(_LOOKED_AT)
    pixels = studio.value("lstmStudio.roll.view.width")
    assert studio.value("lstmStudio.roll.work.notes") < pixels * 5 * 20


def test_playing_does_not_draw_the_music_again(studio, large):
    studio.open(large)
    studio.value("lstmStudio.roll.view.zoom(20, 100); lstmStudio.roll.redraw()")
    studio.page.click("#play")
    studio.until("lstmStudio.player.position > 0.2")
    before = studio.value("({ ...lstmStudio.roll.work })")
    studio.until(f"lstmStudio.roll.work.over > {before['over'] + 10}")
    assert studio.value("lstmStudio.roll.work.music") == before["music"]
    studio.page.click("#play")


def test_the_mouse_selects_scrolls_and_zooms(studio, large):
    studio.open(large)
    scale = studio.value("lstmStudio.roll.view.scale")
    studio.page.mouse.move(700, 300)
    studio.page.keyboard.down("Control")
    studio.page.mouse.wheel(0, -900)
    studio.page.keyboard.up("Control")
    studio.until(f"lstmStudio.roll.view.scale > {scale * 5}")
    left = studio.value("lstmStudio.roll.view.left")
    studio.page.mouse.wheel(400, 0)
    studio.until(f"lstmStudio.roll.view.left > {left}")
    bar = studio.value("lstmStudio.store.timeline.barAt(lstmStudio.roll.view.left) + 1")
    studio.drag_over_bars(bar, bar + 2)
    assert studio.value("lstmStudio.store.session.selection") == {
        "first": bar,
        "last": bar + 2,
        "tracks": [0, 1, 2, 3, 4],
    }
    studio.page.click("label[for='track-2']")
    assert studio.value("lstmStudio.store.session.selection.tracks") == [0, 1, 3, 4]


def test_bar_numbers_are_evenly_spaced(studio):
    steps = studio.value(
        "import('./js/roll/overlay.js').then(one => [200, 34, 33, 11, 3].map(one.numberStep))"
    )
    assert steps == [1, 1, 2, 4, 16]
