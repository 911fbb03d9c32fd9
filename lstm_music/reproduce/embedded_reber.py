"""The embedded Reber grammar: to name the symbol before the last, remember the second one.

A string is B T (Reber string) T E or B P (Reber string) P E. The network reads it symbol by
symbol and says after each which symbols may come next. It is right on a string if at every step
each symbol that may come is more active than every symbol that may not. There are 256 strings to
train on and 256 to test on.

Stop rule: all strings of both sets are right. Figure: strings read until then.

Claim: every network learns both sets, and sooner than the best of the paper.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lstm_music.backends.registry import get_backend
from lstm_music.nn.optim import make_optimiser
from lstm_music.nn.sequence_net import SequenceNet, bernoulli_loss
from lstm_music.reproduce.learning import Batch, make_net, success_row
from lstm_music.reproduce.reber import SYMBOLS, strings
from lstm_music.reproduce.task import Row, Settings
from lstm_music.types import FloatArray

PAPER = "Hochreiter & Schmidhuber (1997), Neural Computation 9(8), experiment 1, table 1"
PUBLISHED = 8_440
"""Strings to success, the mean of the paper's best setting: 3 blocks of 2 cells, rate 0.5."""

STRINGS, HIDDEN_SIZE, BATCH_SIZE, RATE = 256, 32, 2, 0.01
EVERY = 64
"""Strings read from one look at the stop rule to the next."""


def batch_of(chosen: list[tuple[FloatArray, FloatArray]]) -> Batch:
    """Strings side by side, padded to the longest."""
    lengths = np.array([len(x) for x, _ in chosen], np.int32)
    x, legal = (np.zeros((lengths.max(), len(chosen), len(SYMBOLS)), np.float32) for _ in "xl")
    for row, (symbols, may_come) in enumerate(chosen):
        x[: len(symbols), row], legal[: len(symbols), row] = symbols, may_come
    asked = (np.arange(lengths.max())[:, None] < lengths).astype(np.float32)
    return Batch(x, legal, asked, lengths)


def all_right(net: SequenceNet, batch: Batch) -> bool:
    """Whether every string is right."""
    answers = net.forward(batch.x, None, batch.lengths)[0]
    least = np.where(batch.targets > 0, answers, np.inf).min(axis=2)
    most = np.where(batch.targets > 0, -np.inf, answers).max(axis=2)
    return bool(((least > most) | (batch.asked == 0)).all())


def strings_to_success(net: SequenceNet, rng: np.random.Generator) -> int | None:
    """Train until all strings are right; None: not within twenty times the paper's figure."""
    train, test = strings(STRINGS, rng), strings(STRINGS, rng)
    both = batch_of(train + test)
    adam = make_optimiser("adam", net.flat.size, backend=get_backend("cpu", n_threads=1))
    for done in range(BATCH_SIZE, 20 * PUBLISHED, BATCH_SIZE):
        batch = batch_of([train[k] for k in rng.integers(0, STRINGS, BATCH_SIZE)])
        answers, _, tape = net.forward(batch.x, None, batch.lengths)
        _, d_answers = bernoulli_loss(answers, batch.targets, batch.asked)
        adam.step(net.flat, net.backward(d_answers, tape), RATE, max_norm=1.0)
        if done % EVERY == 0 and all_right(net, both):
            return done
    return None


def run(settings: Settings) -> Iterator[Row]:
    """One row."""
    if not settings.wants("embedded Reber"):
        return
    counts = []
    for seed in settings.seeds(2, 30):
        net = make_net(settings.cell or "lstm", 7, HIDDEN_SIZE, 7, rng_seed=seed)
        counts.append(strings_to_success(net, np.random.default_rng([seed, 1])))
        settings.progress(f"seed {seed}: {counts[-1]} strings")
    note = f"{settings.cell or 'lstm'} of {HIDDEN_SIZE} units, Adam, {BATCH_SIZE} an update"
    yield success_row("embedded Reber", counts, PUBLISHED, PAPER, note)
