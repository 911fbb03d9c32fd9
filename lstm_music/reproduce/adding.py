"""The adding problem: two numbers read long ago are to be added.

Each step shows a number, uniform in -1..1, and a mark. One of the first ten numbers is marked 1,
and another of the first T/2 - 1; the first and the last step are marked -1, the rest 0. (Where
the very first number would be marked, it counts as 0.) After the last step the network answers
0.5 + (X1 + X2) / 4. A sequence has T to 1.1 T steps. It is right if the answer errs by less than
0.04.

Stop rule: the mean absolute error of the last 2,000 sequences is below 0.01, and all of them were
right. Figure: sequences read until then, and the share of 2,560 new sequences that are wrong.

Claim: the network learns the task in fewer sequences than the paper's, and 99 in 100 new
sequences are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from lstm_music.nn.sequence_net import squared_error
from lstm_music.reproduce.learning import (
    Batch,
    hold,
    make_net,
    marks_of_the_end,
    share_wrong,
    success_row,
    train_until_right,
    worst_error,
    wrong_row,
)
from lstm_music.reproduce.task import Row, Settings
from lstm_music.types import FloatArray, IntArray

PAPER = "Hochreiter & Schmidhuber (1997), Neural Computation 9(8), experiment 4, table 7"
PUBLISHED = {100: (74_000, 1 / 2560), 500: (209_000, 0.0), 1000: (853_000, 1 / 2560)}
"""Minimal length T: (sequences to success, share of wrong test sequences)."""

TOLERANCE, MEAN_BELOW, IN_A_ROW, TESTS = 0.04, 0.01, 2000, 2560
HIDDEN_SIZE, BATCH_SIZE, RATE = 16, 20, 0.01


def draw(rng: np.random.Generator, B: int, *, T: int) -> Batch:
    """Sequences of T to 1.1 T steps; the answer is asked after the last."""
    x, lengths, x1, x2 = marked_numbers(rng, B, T=T, low=-1, first=0)
    return answered_at_the_end(x, lengths, 0.5 + (x1 + x2) / 4)


def marked_numbers(
    rng: np.random.Generator, B: int, *, T: int, low: float, first: float
) -> tuple[FloatArray, IntArray, FloatArray, FloatArray]:
    """The input of experiments 4 and 5: numbers in low..1, two of them marked.

    Parameters
    ----------
    T : the shortest length.
    low : the smallest number.
    first : what the first number of a sequence becomes if it is marked.

    Returns
    -------
    x : (T', B, 2) float32 numbers and marks.
    lengths : (B,) T to 1.1 T.
    x1, x2 : (B,) the two marked numbers.
    """
    lengths = rng.integers(T, T + T // 10 + 1, B).astype(np.int32)
    longest, rows = int(lengths.max()), np.arange(B)
    x = np.zeros((longest, B, 2), np.float32)
    x[:, :, 0] = rng.uniform(low, 1, (longest, B))
    one, other = rng.integers(0, 10, B), rng.integers(0, T // 2 - 2, B)
    other += other >= one
    x[0, :, 1] = x[lengths - 1, rows, 1] = -1
    x[one, rows, 1] = x[other, rows, 1] = 1
    x[0, (one == 0) | (other == 0), 0] = first
    return x, lengths, x[one, rows, 0], x[other, rows, 0]


def answered_at_the_end(x: FloatArray, lengths: IntArray, answers: FloatArray) -> Batch:
    """A batch whose one output is asked after the last step."""
    asked = marks_of_the_end(lengths)
    return Batch(x, asked[:, :, None] * answers[:, None], asked, lengths)


def run(settings: Settings) -> Iterator[Row]:
    """Two rows for each length."""
    for T in (100,) if settings.quick else PUBLISHED:
        name = f"T = {T}"
        if settings.wants(name):
            yield from _rows(settings, T, name)


def _rows(settings: Settings, T: int, name: str) -> Iterator[Row]:
    outcomes, wrong = [], []
    for seed in settings.seeds(1, 3):
        net = make_net(settings.cell or "lstm", 2, HIDDEN_SIZE, 1, rng_seed=seed)
        hold(net.cells[0], T)
        outcome = train_until_right(
            net,
            partial(draw, T=T),
            squared_error,
            worst_error,
            tolerance=TOLERANCE,
            in_a_row=IN_A_ROW,
            mean_below=MEAN_BELOW,
            limit=PUBLISHED[T][0],
            batch_size=BATCH_SIZE,
            learning_rate=RATE,
            rng=np.random.default_rng([seed, 1]),
            progress=settings.told(f"{name}, seed {seed}"),
        )
        outcomes.append(outcome)
        rng = np.random.default_rng([seed, 2])
        tests = (draw(rng, 40, T=T) for _ in range(TESTS // 40))
        wrong.append(share_wrong(net, tests, worst_error, TOLERANCE))
    net_line = f"{settings.cell or 'lstm'} of {HIDDEN_SIZE} units, Adam, {BATCH_SIZE} an update"
    counts, curve = [one.sequences for one in outcomes], outcomes[0].curve
    yield success_row(name, counts, PUBLISHED[T][0], PAPER, net_line, curve)
    yield wrong_row(name, wrong, PUBLISHED[T][1], PAPER, below=0.01)
