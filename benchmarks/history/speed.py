"""Five things that must not become slower: start, reading, an update, composing, completing.

asv imports this file once for each commit, so it uses public names alone, which stay.
"""

from pathlib import Path

import numpy as np

import lstm_music as lm

MIDI_DATA = Path(__file__).resolve().parents[2] / "midi_data"


class Start:
    """A fresh process."""

    def timeraw_import(self) -> str:
        """The import, without a model."""
        return "import lstm_music"


class Read:
    """All files of midi_data."""

    def setup(self) -> None:
        """Not measured."""
        self.paths = sorted(MIDI_DATA.glob("*.mid"))
        if not self.paths:
            raise NotImplementedError("no files in midi_data")  # how asv is told to leave it out

    def time_read(self) -> None:
        """From paths to pieces."""
        for path in self.paths:
            lm.read(path)


class Update:
    """A layer of 256 LSTM units over 128 steps of a batch of 16, forwards and backwards."""

    def setup(self) -> None:
        """Not measured."""
        self.cell = lm.cells.make("lstm", input_size=128, hidden_size=256)
        x = np.random.default_rng(0).standard_normal((128, 16, 128)).astype(np.float32)
        self.x, self.dy = x, np.ones((128, 16, 256), np.float32)

    def time_forward_and_backward(self) -> None:
        """Both passes, all gradients."""
        _, _, tape = self.cell.forward(self.x)
        self.cell.backward(self.dy, tape)


class Compose:
    """The bundled model, loaded."""

    timeout = 120

    def setup(self) -> None:
        """Not measured."""
        self.model = lm.load()
        self.chorale = lm.read(MIDI_DATA / "chorale.mid")
        self.model.generate(bars=1, rng_seed=1)

    def time_continue_by_eight_bars(self) -> None:
        """A continuation of the chorale."""
        self.model.generate(seed=self.chorale, bars=8, rng_seed=1, threads=1)

    def time_infill_two_bars(self) -> None:
        """Two bars of the chorale, all drafts."""
        self.model.infill(self.chorale, bars=(5, 6), rng_seed=1, threads=1)

    def peakmem_infill_two_bars(self) -> None:
        """Peak memory of the same."""
        self.model.infill(self.chorale, bars=(5, 6), rng_seed=1, threads=1)
