"""The studio's piano roll with 5 tracks and 20,000 notes: frames a second.

Scrolls, zooms, and plays in a real Chromium without a screen, which draws on the CPU. The time that
all of its processes have spent on a frame does not depend on what else the machine does, so it is
printed, too (Linux).
Run: python benchmarks/studio_roll.py
"""

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from browser import launched  # noqa: E402
from studio_large import write_large  # noqa: E402
from studio_page import StudioPage, studio_server  # noqa: E402

SECONDS = 3

# Frames a second while something changes before each, their number, and how many notes are drawn.
_MEASURE = """async ([change, seconds]) => {
    const { roll } = lstmStudio;
    const step = new Map([
        ["scrolling all", () => roll.view.scroll(Math.sin(performance.now() / 300), 0)],
        ["scrolling at 32 bars", () => roll.view.scroll(2, 0)],
        ["zooming", () => roll.view.zoom(1 + Math.sin(performance.now() / 200) / 30)],
        ["playing", () => undefined],
    ]).get(change);
    roll.view.fit();
    if (change === "scrolling at 32 bars") roll.view.zoom(roll.view.length / 128, 0);
    if (change === "playing") lstmStudio.playing.toggle();
    const draw = roll.draw.bind(roll);
    let frames = 0;
    const start = performance.now();
    while (performance.now() - start < seconds * 1000) {
        await new Promise(requestAnimationFrame);
        step();
        if (change !== "playing") { roll.stale.music = roll.stale.over = true; draw(); }
        frames++;
    }
    if (change === "playing") lstmStudio.playing.toggle();
    return [frames / ((performance.now() - start) / 1000), frames, roll.work.notes];
}"""


def cpu_seconds():
    """Processor time of all that descends from this process."""
    parents, spent = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        parents[int(stat.parent.name)] = int(fields[1])
        spent[int(stat.parent.name)] = int(fields[11]) + int(fields[12])
    family = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(spent[pid] for pid in family - {os.getpid()}) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, studio_server("--port", 0) as (_, url):
        path = Path(folder, "large.mid")
        write_large(path)
        with launched() as browser:
            studio = StudioPage(browser.new_context(viewport={"width": 1600, "height": 900}), url)
            studio.open(path)
            print(f"{'':22}{'frames/s':>9}{'CPU ms a frame':>16}{'notes drawn':>13}")
            for change in ("scrolling all", "scrolling at 32 bars", "zooming", "playing"):
                before = cpu_seconds()
                rate, frames, notes = studio.page.evaluate(_MEASURE, [change, SECONDS])
                spent = 1000 * (cpu_seconds() - before) / frames
                print(f"{change:22}{rate:9.1f}{spent:16.1f}{notes:13}")


if __name__ == "__main__":
    main()
