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

from lstm_music.nn.sequence_net import SequenceNet, squared_error
from lstm_music.reproduce.learning import (
    Batch,
    answers_to,
    hold,
    make_net,
    mean_or_none,
    train_until_right,
    worst_error,
)
from lstm_music.reproduce.task import Row, Settings

PAPER = "Hochreiter & Schmidhuber (1997), Neural Computation 9(8), experiment 4, table 7"
PUBLISHED = {100: (74_000, 1 / 2560), 500: (209_000, 0.0), 1000: (853_000, 1 / 2560)}
"""Minimal length T: (sequences to success, share of wrong test sequences)."""

TOLERANCE, MEAN_BELOW, IN_A_ROW, TESTS = 0.04, 0.01, 2000, 2560
HIDDEN_SIZE, BATCH_SIZE, RATE = 16, 20, 0.01


def draw(rng: np.random.Generator, B: int, *, T: int) -> Batch:
    """Sequences of T to 1.1 T steps; the answer is asked after the last."""
    lengths = rng.integers(T, T + T // 10 + 1, B).astype(np.int32)
    longest, rows = int(lengths.max()), np.arange(B)
    x = np.zeros((longest, B, 2), np.float32)
    x[:, :, 0] = rng.uniform(-1, 1, (longest, B))
    first, second = rng.integers(0, 10, B), rng.integers(0, T // 2 - 2, B)
    second += second >= first  # one of the others
    x[0, :, 1] = x[lengths - 1, rows, 1] = -1
    x[first, rows, 1] = x[second, rows, 1] = 1
    x[0, (first == 0) | (second == 0), 0] = 0
    asked = np.zeros((longest, B), np.float32)
    asked[lengths - 1, rows] = 1
    targets = np.zeros((longest, B, 1), np.float32)
    targets[lengths - 1, rows, 0] = 0.5 + (x[first, rows, 0] + x[second, rows, 0]) / 4
    return Batch(x, targets, asked, lengths)


def wrong_share(net: SequenceNet, T: int, rng: np.random.Generator) -> float:
    """Share of new sequences that the net gets wrong."""
    batches = (draw(rng, 40, T=T) for _ in range(TESTS // 40))
    errors = [worst_error(*pair) for pair in answers_to(net, batches)]
    return float(np.mean(np.concatenate(errors) >= TOLERANCE))


def run(settings: Settings) -> Iterator[Row]:
    """Two rows for each length."""
    for T in (100,) if settings.quick else PUBLISHED:
        name = f"T = {T}"
        if settings.wants(name):
            yield from _rows(settings, T, name)


def _rows(settings: Settings, T: int, name: str) -> Iterator[Row]:
    sequences, wrong = [], []
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
        sequences.append(outcome.sequences)
        wrong.append(wrong_share(net, T, np.random.default_rng([seed, 2])))
    mean, worst = mean_or_none(sequences), max(wrong)
    solved = sum(count is not None for count in sequences)
    note = f"{solved} of {len(sequences)} networks learnt it; LSTM of {HIDDEN_SIZE}, Adam"
    yield Row(
        name=f"{name}, sequences to success",
        ours=mean,
        published=PUBLISHED[T][0],
        unit="sequences",
        better="lower",
        source=PAPER,
        note=note,
        holds=solved == len(sequences) and mean is not None and mean < PUBLISHED[T][0],
    )
    yield Row(
        name=f"{name}, wrong test sequences",
        ours=worst,
        published=PUBLISHED[T][1],
        unit="share",
        better="lower",
        source=PAPER,
        note="the worst of our networks",
        holds=worst < 0.01,
    )
