"""What composing on a GPU leaves to this machine: microseconds a token, for 1, 2, .. threads.

    python benchmarks/host_part.py [--takes 256] [--threads 1 2] [--rounds 4]

The network answers at once, with logits that the bundled model gave for other music. So what is
measured is the grammar, the rules, the draw and what a step takes between them. The numbers of
threads take turns; the clock is the one on the wall.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import lstm_music as lm
from lstm_music.composer import Composer
from lstm_music.generate import engine, together
from lstm_music.kernels.device_step import DeviceWeights
from lstm_music.kernels.step import Stepper
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.types import FloatArray, IntArray

SEED = Path(__file__).parents[1] / "midi_data" / "reel.mid"


class Answers:
    """Stands for the streams of a device (`lstm_music.nn.device_streams`)."""

    def __init__(self, logits: FloatArray) -> None:
        self._logits, self._taken, self.steps, self.tokens = logits, 0, 0, 0

    def take(self) -> int:
        self._taken += 1
        return self._taken

    def give_back(self, slot: int) -> None:
        """Nothing is kept for a slot."""

    def copy(self, source: int, target: int) -> None:
        """Nothing is kept for a slot."""

    def advance(self, slots: Sequence[int], rows: IntArray) -> None:
        self.steps, self.tokens = self.steps + 1, self.tokens + len(slots)

    def predict(self, slots: Sequence[int]) -> FloatArray:
        first = 7 * self.steps % (len(self._logits) - len(slots))
        return self._logits[first : first + len(slots)]


def some_logits(composer: Composer, n: int) -> FloatArray:
    """(n, V) of the network's own, after inputs at random."""
    stepper, rng = Stepper(composer.engine.weights), np.random.default_rng(0)
    inputs = rng.integers(0, 50, (n, DEFAULT.n_streams)).astype(np.int32)
    return np.array([stepper.step_py(rows) for rows in inputs])


def microseconds(composer: Composer, logits: FloatArray, takes: int, threads: int) -> float:
    """A token, in the loop that composes ``takes`` together."""
    answers, spent, run = Answers(logits), 0.0, together.run_together

    def timed(*arguments: object) -> None:
        nonlocal spent
        began = time.perf_counter()
        run(*arguments)  # type: ignore[arg-type]
        spent += time.perf_counter() - began

    weights = DeviceWeights(answers, DEFAULT.n_streams, DEFAULT.n_tokens, "float32", threads)
    composer._engine = replace(composer.engine, weights=weights)
    engine.run_together = timed  # type: ignore[assignment]
    try:
        ask = lm.Request("generate", SEED, bars=4, n=takes, rng_seed=1, drafts=1, threads=threads)
        composer.complete(ask)
    finally:
        engine.run_together = run
    return spent / answers.tokens * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--takes", type=int, default=256)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=4)
    given = parser.parse_args()
    composer = lm.load()
    logits = some_logits(composer, 2 * given.takes + 1000)
    found: dict[int, list[float]] = {threads: [] for threads in given.threads}
    for _ in range(given.rounds):
        for threads, times in found.items():
            times.append(microseconds(composer, logits, given.takes, threads))
    for threads, times in found.items():
        best, middle = min(times), statistics.median(times)
        print(f"{threads:3d} threads: best {best:.1f}, median {middle:.1f} microseconds a token")


if __name__ == "__main__":
    main()
