"""Write docs/infill.gif, the animation of README: ``python docs/make_animation.py``.

The bundled chorale model rewrites two bars of a real chorale, as the command in the picture does.
The notes appear in the order in which they begin, which is that in which the network writes them.
Then a line plays the result at its own tempo. Needs Pillow and matplotlib (for its font).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import lstm_music as lm
from lstm_music.evaluate.piano_roll import bar_starts
from lstm_music.music.excerpt import excerpt
from lstm_music.music.piece import Piece
from lstm_music.music.seconds import Clock

OUTPUT = Path(__file__).with_name("infill.gif")
SEED = Path(__file__).resolve().parents[1] / "midi_data" / "chorale.mid"
OPEN_BARS, SHOWN_BARS, RNG_SEED = (5, 6), 8, 1
COMMAND = (
    f"lstm-music infill chorale.mid --bars {OPEN_BARS[0]}-{OPEN_BARS[1]} --model chorale "
    f"--rng-seed {RNG_SEED}"
)
PLAYED_FROM_BAR = 3

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 860, 360, 14, 70, 24
PAPER, INK, LINE, GAP = "#ffffff", "#222222", "#d8dce3", "#fff3d6"
GIVEN = ("#7fa8d1", "#8fbf8f", "#c9a36b", "#a08cc0")  # a colour for each voice
NEW, SOUNDING = "#d1362f", "#111111"
READ_MS, NOTE_MS, FRAME_MS, END_MS = 2500, 220, 125, 2500
COLOURS = 32


@dataclass(frozen=True)
class Scene:
    """The music before and after, and where it is drawn."""

    before: Piece
    after: Piece
    bars: tuple[int, ...]
    open_steps: tuple[int, int]

    @property
    def pitches(self) -> tuple[int, int]:
        """Lowest and highest."""
        pitches = np.concatenate([p.notes["pitch_midi"] for p in (self.before, self.after)])
        return int(pitches.min()) - 2, int(pitches.max()) + 2

    def x(self, step: float) -> float:
        """Where a step lies."""
        return LEFT + (WIDTH - 2 * LEFT) * step / self.bars[-1]

    def box(self, note: np.void) -> tuple[float, float, float, float]:
        """Where a note lies."""
        low, high = self.pitches
        row = (HEIGHT - TOP - BOTTOM) / (high - low)
        y = HEIGHT - BOTTOM - (int(note["pitch_midi"]) - low) * row
        start, length = int(note["onset_steps"]), int(note["duration_steps"])
        return self.x(start) + 1, y - row + 1, self.x(start + length) - 2, y - 1

    def is_open(self, note: np.void) -> bool:
        """Whether a note begins in the open bars."""
        start, end = self.open_steps
        return start <= int(note["onset_steps"]) < end


def make_scene() -> Scene:
    """Compose: all that is shown comes from this."""
    seed = lm.read(SEED)
    result = lm.load("chorale").infill(seed, bars=OPEN_BARS, rng_seed=RNG_SEED)
    bars = tuple(int(step) for step in islice(bar_starts(seed), SHOWN_BARS + 1))
    before, after = (excerpt(piece, 0, bars[-1]) for piece in (seed, result))
    return Scene(before, after, bars, (bars[OPEN_BARS[0] - 1], bars[OPEN_BARS[1]]))


def frames(scene: Scene) -> Iterator[tuple[Image.Image, int]]:
    """Pictures with how long each is shown, in milliseconds."""
    old, new = scene.before.notes, scene.after.notes
    given = [note for note in new if not scene.is_open(note)]
    written = sorted((n for n in new if scene.is_open(n)), key=lambda n: int(n["onset_steps"]))
    first, last = OPEN_BARS
    yield draw(scene, list(old), [], "A chorale of four voices"), READ_MS
    yield draw(scene, given, [], f"Bars {first} to {last} are open"), READ_MS
    for count in range(1, len(written) + 1):
        yield draw(scene, given, written[:count], "The network writes what is missing"), NOTE_MS
    clock = Clock(scene.after.tempos)
    steps = np.arange(scene.bars[PLAYED_FROM_BAR - 1], scene.bars[-1] + 1)
    times = clock.seconds(steps)
    for now in np.arange(times[0], times[-1], FRAME_MS / 1000):
        step = float(np.interp(now, times, steps))
        caption = "Every other note stays as it was"
        yield draw(scene, given, written, caption, now=step), FRAME_MS
    yield draw(scene, given, written, "Every other note stays as it was"), END_MS


def draw(
    scene: Scene,
    given: list[np.void],
    written: list[np.void],
    caption: str,
    *,
    now: float | None = None,
) -> Image.Image:
    """One picture."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    pen.text((LEFT, 8), f"$ {COMMAND}", INK, font=font("DejaVuSansMono.ttf", 16))
    pen.text((LEFT, 36), caption, INK, font=font("DejaVuSans.ttf", 16))
    start, end = map(scene.x, scene.open_steps)
    pen.rectangle((start, TOP, end, HEIGHT - BOTTOM), GAP)
    for number, step in enumerate(scene.bars, 1):
        pen.line((scene.x(step), TOP, scene.x(step), HEIGHT - BOTTOM), LINE)
        if number < len(scene.bars):
            at = (scene.x(step) + 3, HEIGHT - BOTTOM + 3)
            pen.text(at, str(number), INK, font=font("DejaVuSans.ttf", 12))
    for notes, is_new in ((given, False), (written, True)):
        for note in notes:
            colour = NEW if is_new else GIVEN[int(note["track"]) % len(GIVEN)]
            begins = int(note["onset_steps"])
            sounds = now is not None and begins <= now < begins + int(note["duration_steps"])
            pen.rectangle(scene.box(note), colour, outline=SOUNDING if sounds else None, width=2)
    if now is not None:
        pen.line((scene.x(now), TOP, scene.x(now), HEIGHT - BOTTOM), INK, width=2)
    return image


def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font that matplotlib brings along."""
    return ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{name}", size)


def main() -> None:
    """All frames as one GIF, in the palette of one picture that has every colour."""
    pictures, milliseconds = zip(*frames(make_scene()), strict=True)
    palette = pictures[len(pictures) // 2].quantize(COLOURS, dither=Image.Dither.NONE)
    images = [one.quantize(palette=palette, dither=Image.Dither.NONE) for one in pictures]
    images[0].save(
        OUTPUT, save_all=True, append_images=images[1:], duration=list(milliseconds), loop=0
    )


if __name__ == "__main__":
    main()
