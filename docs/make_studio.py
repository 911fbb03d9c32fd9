"""Write the picture and the list of keys of docs/studio.md, from the page itself.

    python docs/make_studio.py

Needs Chromium and Playwright, as the tests do.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from browser import launched  # noqa: E402
from studio_page import StudioPage, studio_server  # noqa: E402

PAGE = ROOT / "docs" / "studio.md"
_KEYS = "## Keys\n"
_ROWS = """[...document.querySelectorAll("#key-list div")].map((row) => [
    [...row.querySelector("dt").childNodes].map((one) =>
        one instanceof Element ? "`" + one.textContent + "`" : one.textContent).join(""),
    row.querySelector("dd").textContent,
])"""


def key_table(studio: StudioPage) -> str:
    """The keys as a table in Markdown, as the page lists them."""
    rows = [f"| {keys} | {what} |" for keys, what in studio.value(_ROWS)]
    return "\n".join(["| key | what it does |", "|---|---|", *rows, ""])


def with_keys(text: str, table: str) -> str:
    """The page with this table of keys at its end."""
    intro = re.search(rf"{_KEYS}\n.*?\n\n", text, re.DOTALL)
    assert intro
    return text[: intro.end()] + table


def main() -> None:
    """Write both."""
    with (
        studio_server("--port", 0, ROOT / "midi_data" / "band.mid") as (_, url),
        launched() as browser,
    ):
        context = browser.new_context(viewport={"width": 1200, "height": 720})
        studio = StudioPage(context, url)
        studio.until("lstmStudio.store.current")
        studio.drag_over_bars(4, 7)
        studio.set(rng_seed=1, density=3)
        studio.page.click("#task-infill")
        studio.wait_takes()
        studio.page.evaluate(
            "document.querySelectorAll('#controls details').forEach((one) => { one.open = false; })"
        )
        studio.page.locator("aside").evaluate("(one) => one.scrollTo(0, 0)")
        studio.page.screenshot(path=ROOT / "docs" / "studio.png")
        PAGE.write_text(with_keys(PAGE.read_text("utf-8"), key_table(studio)), "utf-8")


if __name__ == "__main__":
    main()
