"""The studio's page in a real browser, and what a user does there."""

import base64
import json
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from serve_process import PROGRAM, started

WAIT_SECONDS = 60

_DROP = """([name, data]) => {
    const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name));
    const roll = document.getElementById("roll");
    roll.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
}"""


@contextmanager
def studio_server(*options):
    """A studio without a browser: its process, and its address."""
    command = [*PROGRAM, "studio", "--no-browser", "--json", *map(str, options)]
    with started(command) as (process, told):
        yield process, told["url"]


class StudioPage:
    """A tab with the studio. It notes what goes wrong, and what is asked of other hosts."""

    def __init__(self, context, url):
        self.url = url
        self.page = context.new_page()
        self.complaints = []
        self.hosts = set()
        self.calls = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._note)
        # Playwright must have asked for file choosers before a test opens one.
        self.page.on("filechooser", lambda _: None)
        self.page.goto(url)
        self.page.bring_to_front()  # a browser lets only the page in front choose files
        self.wait_ready()

    def _hear(self, message):
        # What the browser itself says of a request that fails is no fault of the page.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _note(self, request):
        parts = urlsplit(request.url)
        if parts.scheme != "blob":
            self.hosts.add(parts.netloc)
        if request.method == "POST":
            self.calls.append(json.loads(request.post_data))

    def wait_ready(self):
        self.page.wait_for_selector("body[data-ready]", timeout=WAIT_SECONDS * 1000)

    def value(self, expression):
        return self.page.evaluate(expression)

    def until(self, expression):
        """Wait until an expression holds; its policy lets no page wait for code in text itself."""
        end = time.monotonic() + WAIT_SECONDS
        while not (found := self.page.evaluate(expression)):
            assert time.monotonic() < end, f"not within {WAIT_SECONDS} s: {expression}"
            self.page.wait_for_timeout(50)
        return found

    def drop(self, name, data):
        steps = self.value("lstmStudio.store.session.states.length")
        self.page.evaluate(_DROP, [name, base64.b64encode(data).decode()])
        return steps

    def open(self, path):
        """Drop a file, and wait until it is there."""
        steps = self.drop(path.name, path.read_bytes())
        self.until(f"lstmStudio.store.session.states.length === {steps + 1}")

    def drag_over_bars(self, first, last):
        """Select bars, counted from 0, with the mouse."""
        x1, x2, y = self.page.evaluate(
            """([first, last]) => {
                const { roll, store } = lstmStudio;
                const box = roll.box.getBoundingClientRect();
                const middle = (bar) => (bar.start + bar.end) / 2;
                const x = (i) => box.x + roll.view.x(middle(store.timeline.bars[i]));
                return [x(first), x(last), box.y + 200];
            }""",
            [first, last],
        )
        self.page.mouse.move(x1, y)
        self.page.mouse.down()
        self.page.mouse.move(x2, y, steps=4)
        self.page.mouse.up()

    def set(self, **controls):
        """Set controls in their widgets, opening the groups that they stand in."""
        for name, value in controls.items():
            self.page.evaluate(
                "(name) => { document.querySelector(`[data-control=${name}]`)"
                ".closest('details')?.setAttribute('open', ''); }",
                name,
            )
            widget = self.page.locator(f"[data-control={name}]")
            widget.fill(str(value))
            widget.press("Tab")

    def wait_takes(self):
        """Wait until all takes of the command that runs are there; how many."""
        self.until("!lstmStudio.composing.running")
        return self.value("lstmStudio.store.session.takes.length")

    def status(self):
        return self.page.inner_text("#status")

    def alert(self):
        return self.page.inner_text("#alert") if self.page.is_visible("#alert") else ""

    def save(self, press):
        """The bytes and the name of what is downloaded."""
        with self.page.expect_download() as caught:
            press()
        from pathlib import Path

        return Path(caught.value.path()).read_bytes(), caught.value.suggested_filename

    def check(self):
        """Nothing was wrong, and no other host was asked."""
        assert self.complaints == []
        assert self.hosts == {urlsplit(self.url).netloc}
