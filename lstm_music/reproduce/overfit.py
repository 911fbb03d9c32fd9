"""Overfitting one small batch, and what an L2 penalty does about it.

The first exercise for any network that is to be trusted with training: given eight sequences of 10
steps and random targets, it must learn them by heart. There is nothing to understand, so the loss
can fall only by memory. With a penalty l2/2 |w|^2 on the weights it cannot fall as far, and
the weights stay small.

Figure: the mean squared error after 300 updates of Adam over that of the best constant, without
the penalty and with it, and the norm of the weights.

Claim: less than a hundredth is left without the penalty, and at least ten times as much with it.
The penalised weights have the smaller norm.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lstm_music.backends.registry import get_backend
from lstm_music.nn.optim import make_optimiser
from lstm_music.nn.sequence_net import squared_error
from lstm_music.reproduce.learning import make_net
from lstm_music.reproduce.task import Row, Settings

PAPER = "an exercise; no paper"
T, B, INPUTS, HIDDEN_SIZE, UPDATES, RATE = 10, 8, 4, 32, 300, 0.02


def learnt(cell: str, l2: float, rng_seed: int) -> tuple[float, float]:
    """(share of the squared error that is left, norm of the weights)."""
    rng = np.random.default_rng([rng_seed, 1])
    x = rng.standard_normal((T, B, INPUTS)).astype(np.float32)
    targets = rng.standard_normal((T, B, 1)).astype(np.float32)
    net = make_net(cell, INPUTS, HIDDEN_SIZE, 1, rng_seed=rng_seed)
    adam = make_optimiser("adam", net.flat.size, l2=l2, backend=get_backend("cpu", n_threads=1))
    for update in range(UPDATES):
        answers, _, tape = net.forward(x)
        _, d_answers = squared_error(answers, targets)
        rate = RATE * (1 - update / UPDATES)
        adam.step(net.flat, net.backward(d_answers, tape), rate, max_norm=1.0)
    left = squared_error(net.forward(x)[0], targets)[0]
    return left / float(targets.var()), float(np.linalg.norm(net.flat))


def run(settings: Settings) -> Iterator[Row]:
    """Errors and norms, without and with the penalty."""
    seeds = settings.seeds(1, 5)
    cell = settings.cell or "lstm"
    free, tied = (np.median([learnt(cell, l2, seed) for seed in seeds], axis=0) for l2 in (0, 0.01))
    rows = (
        ("error left", free[0], "share", free[0] < 0.01),
        ("error left, l2 = 0.01", tied[0], "share", tied[0] > 10 * free[0]),
        ("norm of the weights", free[1], "norm", None),
        ("norm of the weights, l2 = 0.01", tied[1], "norm", tied[1] < free[1]),
    )
    for name, value, unit, holds in rows:
        if settings.wants(name):
            yield Row(
                name=name,
                ours=float(value),
                published=None,
                unit=unit,
                better="lower",
                source=PAPER,
                note=f"median of {len(seeds)} networks; {cell} of {HIDDEN_SIZE} units",
                holds=None if holds is None else bool(holds),
            )
