"""A symbol is to be remembered over a hundred others (2a), also over random ones (2b).

There are p + 1 symbols: a1 to a(p-1), x and y. A sequence is y, a1, ..., a(p-1), y or
x, a1, ..., a(p-1), x, each half of the time: its last symbol is its first. In 2b the symbols in
between are drawn at random. In 2a the network predicts every next symbol but the first, in 2b the
last one alone can be predicted and is asked for. A sequence is right if every output errs by less
than 0.25. The lag is p = 100. Outputs are a softmax (logistic units in the paper); in 2a they see
the inputs, too, as in the paper, and the loss counts the last symbol as much as all the others.

Stop rule: 10,000 successive sequences are right. Figure: sequences read before those.

Claim: every network learns both tasks, in fewer sequences than the paper's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from lstm_music.nn.sequence_net import softmax, softmax_loss
from lstm_music.reproduce.learning import (
    Batch,
    hold,
    make_net,
    success_row,
    train_until_right,
    worst_error,
)
from lstm_music.reproduce.task import Row, Settings
from lstm_music.types import FloatArray

PAPER = "Hochreiter & Schmidhuber (1997), Neural Computation 9(8), experiments 2a and 2b, table 2"
PUBLISHED = {"2a": 5_040, "2b": 5_680}

P, TOLERANCE, IN_A_ROW = 100, 0.25, 10_000
HIDDEN_SIZE, BATCH_SIZE, RATE = 16, 4, 0.03
KEEP = 20 * P
"""Steps that the gates are set to keep at first. Set for 100, they lose what is to be kept while
the network learns the rest."""


def draw(rng: np.random.Generator, B: int, *, task: str) -> Batch:
    """One-hot sequences of p steps, (p, B, p + 1), and what follows each step."""
    symbols = np.zeros((P + 1, B), np.int64)
    symbols[0] = symbols[-1] = rng.integers(P - 1, P + 1, B)
    between = np.arange(P - 1)[:, None]
    symbols[1:-1] = between if task == "2a" else rng.integers(0, P - 1, (P - 1, B))
    one_hot = np.eye(P + 1, dtype=np.float32)[symbols]
    asked = np.full((P, B), 1 / (P - 1) if task == "2a" else 0, np.float32)
    asked[-1] = 1
    return Batch(one_hot[:-1], one_hot[1:], asked)


def loss(answers: FloatArray, targets: FloatArray, asked: FloatArray) -> tuple[float, FloatArray]:
    """Cross-entropy of the next symbol."""
    return softmax_loss(answers, targets.argmax(axis=2), asked)


def worst_share(answers: FloatArray, batch: Batch) -> FloatArray:
    """(B,) largest error of any symbol's probability."""
    return worst_error(softmax(answers), batch)


def run(settings: Settings) -> Iterator[Row]:
    """A row for each task."""
    for task in PUBLISHED:
        if settings.wants(task):
            yield _row(settings, task)


def _row(settings: Settings, task: str) -> Row:
    cell, outcomes = settings.cell or "lstm", []
    for seed in settings.seeds(1, 5):
        net = make_net(cell, P + 1, HIDDEN_SIZE, P + 1, rng_seed=seed, shortcut=task == "2a")
        hold(net.cells[0], KEEP)
        if task == "2b":
            net.a[: P - 1] = -5  # only x and y come last
        outcome = train_until_right(
            net,
            partial(draw, task=task),
            loss,
            worst_share,
            tolerance=TOLERANCE,
            in_a_row=1000 if settings.quick else IN_A_ROW,
            limit=PUBLISHED[task] + IN_A_ROW,
            batch_size=BATCH_SIZE,
            learning_rate=RATE,
            rng=np.random.default_rng([seed, 1]),
            progress=settings.told(f"{task}, seed {seed}"),
        )
        outcomes.append(outcome)
    note = f"{cell} of {HIDDEN_SIZE} units, Adam, {BATCH_SIZE} an update"
    if settings.quick:
        note += "; quick: 1,000 right sequences are enough"
    counts, curve = [one.before for one in outcomes], outcomes[0].curve
    return success_row(f"{task}, p = {P}", counts, PUBLISHED[task], PAPER, note, curve)
