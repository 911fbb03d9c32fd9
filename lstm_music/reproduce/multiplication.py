"""The multiplication problem: two numbers read long ago are to be multiplied.

As the adding problem, but the numbers are uniform in 0..1 and the answer is X1 X2. (Where the very
first number is marked, it counts as 1.) A sum can be kept in one linear unit; a product cannot.

Stop rule: fewer than 140, or fewer than 13, of the last 2,000 sequences were wrong, that is, erred
by 0.04 or more. Figure: sequences read until then, and the share of 2,560 new sequences that are
wrong.

Claim: the network meets each rule in fewer sequences than the paper's. After the first, 90 in 100
new sequences are right, after the second 98 in 100.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lstm_music.nn.sequence_net import squared_error
from lstm_music.reproduce.adding import answered_at_the_end, marked_numbers
from lstm_music.reproduce.learning import (
    Batch,
    hold,
    make_net,
    share_wrong,
    success_row,
    train_until_right,
    worst_error,
    wrong_row,
)
from lstm_music.reproduce.task import Row, Settings

PAPER = "Hochreiter & Schmidhuber (1997), Neural Computation 9(8), experiment 5, table 8"
PUBLISHED = {140: (482_000, 139 / 2560), 13: (1_273_000, 14 / 2560)}
"""Wrong ones of 2,000 at which training stops: (sequences, share of wrong test sequences)."""
CLAIMED = {140: 0.1, 13: 0.02}
"""The same: most of the new sequences that may be wrong, as a share."""

T, TOLERANCE, LOOKED_AT, TESTS = 100, 0.04, 2000, 2560
HIDDEN_SIZE, BATCH_SIZE, RATE = 16, 20, 0.005


def draw(rng: np.random.Generator, B: int) -> Batch:
    """Sequences of 100 to 110 steps; the answer is asked after the last."""
    x, lengths, x1, x2 = marked_numbers(rng, B, T=T, low=0, first=1)
    return answered_at_the_end(x, lengths, x1 * x2)


def run(settings: Settings) -> Iterator[Row]:
    """Two rows for each stop rule."""
    for wrong_below in (140,) if settings.quick else PUBLISHED:
        name = f"fewer than {wrong_below} wrong"
        if settings.wants(name):
            yield from _rows(settings, wrong_below, name)


def _rows(settings: Settings, wrong_below: int, name: str) -> Iterator[Row]:
    outcomes, wrong = [], []
    sequences, share = PUBLISHED[wrong_below]
    for seed in settings.seeds(1, 3):
        net = make_net(settings.cell or "lstm", 2, HIDDEN_SIZE, 1, rng_seed=seed)
        hold(net.cells[0], T)
        outcome = train_until_right(
            net,
            draw,
            squared_error,
            worst_error,
            tolerance=TOLERANCE,
            in_a_row=LOOKED_AT,
            wrong_below=wrong_below,
            limit=sequences,
            batch_size=BATCH_SIZE,
            learning_rate=RATE,
            rng=np.random.default_rng([seed, 1]),
            progress=settings.told(f"{name}, seed {seed}"),
        )
        outcomes.append(outcome)
        rng = np.random.default_rng([seed, 2])
        tests = (draw(rng, 40) for _ in range(TESTS // 40))
        wrong.append(share_wrong(net, tests, worst_error, TOLERANCE))
    net_line = f"{settings.cell or 'lstm'} of {HIDDEN_SIZE} units, Adam, {BATCH_SIZE} an update"
    counts, curve = [one.sequences for one in outcomes], outcomes[0].curve
    yield success_row(name, counts, sequences, PAPER, net_line, curve)
    yield wrong_row(name, wrong, share, PAPER, below=CLAIMED[wrong_below])
