"""The studio without a mouse, without sight, in both themes; what its files may hold."""

import re
import subprocess

import pytest
from browser import NPM, needs_npm
from music_programs import needs
from paths import MIDI_DATA, ROOT

pytest.importorskip("playwright")

STATIC = ROOT / "lstm_music" / "studio" / "static"
REEL = MIDI_DATA / "reel.mid"
_AXE = "axe.run().then(found => found.violations.map(one => \
    [one.impact, one.id, one.nodes.map(node => node.html).slice(0, 3)]))"


def press(studio, *keys):
    for key in keys:
        studio.page.keyboard.press(key)


@needs("chromium")
def test_the_keyboard_alone(studio):
    with studio.page.expect_file_chooser() as chosen:
        press(studio, "Tab", "Tab", "Enter")  # the link to the piano roll, then Open
    chosen.value.set_files(REEL)
    studio.until("lstmStudio.store.current")
    press(studio, "Shift+Tab", "Enter")
    assert studio.value("document.activeElement.id") == "roll"
    press(studio, *["ArrowRight"] * 3, "Shift+ArrowRight")
    assert studio.status() == "Selected: bars 3–4, all tracks"
    press(studio, "Shift+ArrowLeft", "Shift+ArrowLeft")
    assert studio.status() == "Selected: bars 2–3, all tracks"
    press(studio, "i")
    assert studio.wait_takes() == 3
    press(studio, "]", "h")
    studio.until("lstmStudio.player.isPlaying && lstmStudio.player.level() > 0.01")
    press(studio, " ")
    assert studio.value("lstmStudio.player.isPlaying") is False
    press(studio, "x")
    assert studio.value("lstmStudio.store.session.takes.length") == 2
    press(studio, "k")
    assert "is kept" in studio.status()
    press(studio, "Control+z")
    assert studio.status().startswith("Undone: Infill")
    press(studio, "Control+Shift+Z")
    assert studio.value("lstmStudio.store.session.states.length") == 2
    assert studio.status().startswith("Redone: Infill")
    press(studio, "l")
    assert studio.value("lstmStudio.store.session.switches[0].lock") is True
    press(studio, "i")
    assert "locked" in studio.alert()
    saved, name = studio.save(lambda: press(studio, "Control+s"))
    assert (saved[:4], name) == (b"MThd", "reel-studio.mid")
    press(studio, "?")
    assert studio.page.is_visible("#key-list")


@needs("chromium")
def test_escape_closes_the_menu_and_leaves_the_selection(studio):
    studio.open(REEL)
    studio.value("lstmStudio.selecting.bars(1, 2)")
    studio.page.click("#menu > summary")
    press(studio, "Tab", "Escape")
    assert studio.value("document.getElementById('menu').open") is False
    assert studio.value("document.activeElement.tagName") == "SUMMARY"
    assert studio.value("lstmStudio.store.session.selection.first") == 1
    press(studio, "Escape")
    assert studio.value("lstmStudio.store.session.selection") is None


@needs("chromium")
def test_keys_do_nothing_while_text_is_typed_or_when_they_are_off(studio):
    studio.open(REEL)
    studio.page.focus("#with")
    press(studio, "v", "c")
    assert studio.page.input_value("#with") == "vcbass"
    studio.page.click("#keys")
    studio.page.uncheck("#single-keys")
    studio.page.keyboard.press("Escape")
    studio.page.focus("#roll")
    press(studio, "c", "Control+a")
    assert studio.status() == "Selected: bars 1–16, all tracks"
    assert [call["method"] for call in studio.calls].count("complete") == 0


@needs("chromium")
@needs_npm
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(studio, scheme):
    studio.page.emulate_media(color_scheme=scheme)
    axe = (NPM / "axe-core" / "axe.min.js").read_text("utf-8")
    studio.value(axe + "; 0")
    serious = ("serious", "critical")
    assert [one for one in studio.value(_AXE) if one[0] in serious] == []  # an empty page
    studio.open(REEL)
    studio.value("lstmStudio.selecting.bars(1, 2)")
    studio.page.click("#task-infill")
    studio.wait_takes()
    studio.value(
        "document.querySelectorAll('aside details, #menu, #text').forEach(o => o.open = true)"
    )
    studio.until("document.querySelector('#text-table td')")
    assert [one for one in studio.value(_AXE) if one[0] in serious] == []
    studio.page.click("#keys")
    assert [one for one in studio.value(_AXE) if one[0] in serious] == []


@needs("chromium")
def test_a_screen_reader_is_told_of_the_selection(studio):
    studio.open(REEL)
    studio.value("lstmStudio.selecting.bars(1, 1)")
    studio.page.click("#text > summary")
    studio.until("document.querySelector('#text-table td')")
    rows = studio.page.locator("#text-table tbody tr").all_inner_texts()
    notes = studio.value(
        "lstmStudio.store.piece.notes.filter(n => n.onset_quarters >= 4 && n.onset_quarters < 8)"
    )
    assert len(rows) == len(notes) > 0
    assert all(row.startswith("2\t") for row in rows)
    for role in ("banner", "navigation", "main", "complementary", "application"):
        assert studio.page.get_by_role(role).count() == 1
    assert studio.page.locator("#status").get_attribute("aria-live") == "polite"


@needs("chromium")
def test_the_page_of_the_docs_lists_the_keys(studio):
    import runpy

    made = runpy.run_path(str(ROOT / "docs" / "make_studio.py"))
    text = (ROOT / "docs" / "studio.md").read_text("utf-8")
    assert made["with_keys"](text, made["key_table"](studio)) == text


@needs_npm
def test_types_hold():
    options = "--noEmit --allowJs --checkJs --strict --target es2023 --module esnext"
    options += " --moduleResolution bundler --lib es2023,dom,dom.iterable,dom.asynciterable"
    command = [NPM / ".bin" / "tsc", *options.split(), *(STATIC / "js").rglob("*.js")]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_files_are_small_and_name_no_other_host():
    vendor = STATIC / "vendor"  # of others, as NOTICE says
    files = [
        path for path in STATIC.rglob("*") if path.is_file() and not path.is_relative_to(vendor)
    ]
    assert len(files) > 30
    long = {path.name for path in files if len(path.read_text("utf-8").splitlines()) > 250}
    assert long == set()
    allowed = {"http://www.w3.org/2000/svg"}  # a name, not an address
    for path in files:
        assert set(re.findall(r"https?://[^\s\"'`)]+", path.read_text("utf-8"))) <= allowed
    html = (STATIC / "index.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)


def test_the_wheel_has_all_of_it():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["lstm_music.studio"]
    packed = {path for pattern in patterns for path in STATIC.parent.glob(pattern)}
    assert {path for path in STATIC.rglob("*") if path.is_file()} <= packed
