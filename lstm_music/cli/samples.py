"""Music to listen to while a model is trained."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstm_music.training.progress import Progress

_BARS = 8


class Samples:
    """A few bars by the best model so far, every few minutes.

    Parameters
    ----------
    output : the model file that the run writes.
    minutes : time between two samples.
    """

    def __init__(self, output: Path, minutes: float) -> None:
        self._output = output
        self._seconds = 60 * minutes
        self._next = time.monotonic() + self._seconds

    def update(self, progress: Progress) -> None:
        """Write a sample if it is time and there is a model: ``samples/STEP.mid``."""
        if time.monotonic() < self._next or not self._output.exists():
            return
        self._next = time.monotonic() + self._seconds
        from lstm_music.composer import load
        from lstm_music.training.runs.folder import RunFolder

        folder = RunFolder(self._output).path / "samples"
        folder.mkdir(exist_ok=True)
        piece = load(self._output).generate(bars=_BARS, rng_seed=progress.step)
        piece.write(folder / f"{progress.step:08d}.mid", force=True)
