"""Temporal order: which of X and Y came first, among a hundred other symbols?

A sequence has 100 to 110 symbols: E, then a, b, c, d at random, and B at the end. Two of them (6a;
at steps 10 to 20 and 50 to 60) or three (6b; at steps 10 to 20, 33 to 43 and 66 to 76) are X or Y
instead. At the end the network names the order: one of 4 classes (XX, XY, YX, YY), or of 8. A
sequence is right if every output errs by less than 0.3.

Stop rule: the last 2,000 sequences were right, and the mean error is below 0.1. Figure: sequences
read until then.

Claim: the network learns both tasks in fewer sequences than the paper's, and 99 in 100 new
sequences are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from lstm_music.nn.sequence_net import bernoulli_loss
from lstm_music.reproduce.learning import (
    Batch,
    hold,
    make_net,
    marks_of_the_end,
    share_wrong,
    success_row,
    train_until_right,
    worst_logistic_error,
    wrong_row,
)
from lstm_music.reproduce.task import Row, Settings

PAPER = "Hochreiter & Schmidhuber (1997), Neural Computation 9(8), experiment 6, table 9"
PLACES = {"6a": ((10, 20), (50, 60)), "6b": ((10, 20), (33, 43), (66, 76))}
"""First and last step at which each X or Y may stand."""
PUBLISHED = {"6a": 31_390, "6b": 571_100}

SYMBOLS = "EBabcdXY"
TOLERANCE, MEAN_BELOW, IN_A_ROW, TESTS = 0.3, 0.1, 2000, 2560
HIDDEN_SIZE, BATCH_SIZE, RATE, LAG = 16, 20, 0.01, 100


def draw(rng: np.random.Generator, B: int, *, task: str) -> Batch:
    """Sequences, one-hot, and their class, asked after the last symbol."""
    lengths = rng.integers(100, 111, B).astype(np.int32)
    longest, rows = int(lengths.max()), np.arange(B)
    symbols = rng.integers(2, 6, (longest, B))
    symbols[0], symbols[lengths - 1, rows] = 0, 1
    kind = np.zeros(B, np.int64)
    for first, last in PLACES[task]:
        bit = rng.integers(0, 2, B)
        symbols[rng.integers(first, last + 1, B), rows] = 6 + bit
        kind = 2 * kind + bit
    asked = marks_of_the_end(lengths)
    classes = np.eye(2 ** len(PLACES[task]), dtype=np.float32)[kind]
    x = np.eye(len(SYMBOLS), dtype=np.float32)[symbols]
    return Batch(x, asked[:, :, None] * classes, asked, lengths)


def run(settings: Settings) -> Iterator[Row]:
    """Two rows for each task."""
    for task in ("6a",) if settings.quick else PUBLISHED:
        if settings.wants(task):
            yield from _rows(settings, task)


def _rows(settings: Settings, task: str) -> Iterator[Row]:
    outcomes, wrong = [], []
    for seed in settings.seeds(1, 5):
        classes = 2 ** len(PLACES[task])
        net = make_net(settings.cell or "lstm", len(SYMBOLS), HIDDEN_SIZE, classes, rng_seed=seed)
        hold(net.cells[0], LAG)
        outcome = train_until_right(
            net,
            partial(draw, task=task),
            bernoulli_loss,
            worst_logistic_error,
            tolerance=TOLERANCE,
            in_a_row=IN_A_ROW,
            mean_below=MEAN_BELOW,
            limit=PUBLISHED[task],
            batch_size=BATCH_SIZE,
            learning_rate=RATE,
            rng=np.random.default_rng([seed, 1]),
            progress=settings.told(f"{task}, seed {seed}"),
        )
        outcomes.append(outcome)
        rng = np.random.default_rng([seed, 2])
        tests = (draw(rng, 40, task=task) for _ in range(TESTS // 40))
        wrong.append(share_wrong(net, tests, worst_logistic_error, TOLERANCE))
    net_line = f"{settings.cell or 'lstm'} of {HIDDEN_SIZE} units, Adam, {BATCH_SIZE} an update"
    counts, curve = [one.sequences for one in outcomes], outcomes[0].curve
    yield success_row(task, counts, PUBLISHED[task], PAPER, net_line, curve)
    yield wrong_row(task, wrong, None, PAPER, below=0.01)
