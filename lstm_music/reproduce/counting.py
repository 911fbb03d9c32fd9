"""Counting: the language a^n b^n c^n, which no context-free grammar has.

A string is S, then n times a, n times b, n times c, then T. After each symbol the network says
which symbols may come: after the a's another a or the first b, then everything is settled. It
accepts a string if at every step exactly the symbols that may come are above 1/2. It is trained on
n = 1 to 10 alone, and then read n = 1, 2, 3, ... up to the first string that it does not accept.

The cell is that of 1997, without a forget gate, and linear on its way out: c must not leak. Its
recurrent weights are 0 and stay so. The gates then see the symbol alone, c is a sum with one step
for each symbol. A step up must then equal a step down: what they differ by grows with n. So the
loss asks for a margin. Each output is to be at least 1 on its own side of 0, a miss costs its
square, and the readout's weights cost theirs. Small weights that keep the margin need large steps
of c; these come from gates that are wide open or shut, and such steps are equal.

Figure: the largest n such that 1..n are all accepted, up to 1,000, of the network with the lowest
loss on the training strings. No longer string has a say in the training or in the choice. (The
papers' figures for nets trained to n = 10 could not be checked; none is given.)

Claim: right to n = 100 and more.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lstm_music.backends.registry import get_backend
from lstm_music.nn.optim import make_optimiser
from lstm_music.nn.sequence_net import SequenceNet
from lstm_music.reproduce.learning import Batch, make_net
from lstm_music.reproduce.task import Row, Settings
from lstm_music.types import FloatArray

PAPER = "Gers & Schmidhuber (2001), IEEE Trans. Neural Networks 12(6)"

TRAINED_TO, TARGET, LIMIT = 10, 100, 1000
CELL, HIDDEN_SIZE, RATE, UPDATES = "lstm-1997:s_h=identity", 24, 0.001, 1500
PENALTY = 1e-5
"""Of each squared weight of the readout."""


def batch_of(*sizes: int) -> Batch:
    """The strings of these n, without T, over S a b c; and what may follow, over a b c T."""
    lengths = np.array([3 * n + 1 for n in sizes], np.int32)
    x, legal = (np.zeros((lengths.max(), len(sizes), 4), np.float32) for _ in "xl")
    for row, n in enumerate(sizes):
        symbols = [0] + [1] * n + [2] * n + [3] * n
        x[np.arange(3 * n + 1), row, symbols] = 1
        follows = [0] * (n + 1) + [1] * (n - 1) + [2] * n + [3]
        legal[0, row, 0] = 1
        legal[np.arange(1, 3 * n + 1), row, follows[1:]] = 1
        legal[1 : n + 1, row, :2] = 1
        legal[n + 1 : 3 * n + 1, row] = np.eye(4)[[1] * (n - 1) + [2] * n + [3]]
    asked = (np.arange(lengths.max())[:, None] < lengths).astype(np.float32)
    return Batch(x, legal, asked, lengths)


def margin_loss(
    answers: FloatArray, targets: FloatArray, weight: FloatArray
) -> tuple[float, FloatArray]:
    """Mean square of what each answer lacks to a margin of 1, and its gradient."""
    side = np.where(targets > 0, 1, -1).astype(answers.dtype)
    lacks = np.maximum(0, 1 - side * answers)
    share = (weight / weight.sum())[:, :, None]
    return float((share * np.square(lacks)).sum()), -2 * share * side * lacks


def train(net: SequenceNet) -> float:
    """Rprop on the ten strings, all in each update; the last loss with its penalty."""
    rprop = make_optimiser("rprop", net.flat.size, backend=get_backend("cpu", n_threads=1))
    batch, loss = batch_of(*range(1, TRAINED_TO + 1)), np.inf
    W, U = (net.cells[0].params[name] for name in "WU")
    recurrent = slice(W.size, W.size + U.size)
    readout = slice(net.flat.size - net.V.size - net.a.size, net.flat.size - net.a.size)
    net.flat[recurrent] = 0
    for _ in range(UPDATES):
        answers, _, tape = net.forward(batch.x, None, batch.lengths)
        loss, d_answers = margin_loss(answers, batch.targets, batch.asked)
        loss += PENALTY * float(np.square(net.V).sum())
        gradient = net.backward(d_answers, tape)
        gradient[recurrent] = 0
        gradient[readout] += 2 * PENALTY * net.flat[readout]
        rprop.step(net.flat, gradient, RATE)
    return loss


def counts_to(net: SequenceNet) -> int:
    """The largest n, up to a thousand, such that all strings of 1..n are accepted."""
    for n in range(1, LIMIT + 1):
        batch = batch_of(n)
        answers = net.forward(batch.x)[0]
        if ((answers > 0) != (batch.targets > 0)).any():
            return n - 1
    return LIMIT


def run(settings: Settings) -> Iterator[Row]:
    """Two rows: the net with the lowest training loss, and the median of all."""
    losses, reach = [], []
    for seed in settings.seeds(2, 10):
        net = make_net(settings.cell or CELL, 4, HIDDEN_SIZE, 4, rng_seed=seed)
        losses.append(train(net))
        reach.append(counts_to(net))
        settings.progress(f"seed {seed}: loss {losses[-1]:.2g}, right to n = {reach[-1]}")
    chosen = reach[int(np.argmin(losses))]
    note = f"{len(reach)} networks; {settings.cell or CELL} of {HIDDEN_SIZE} units, Rprop"
    for name, value in (
        ("lowest training loss", float(chosen)),
        ("median", float(np.median(reach))),
    ):
        yield Row(
            name=f"right to n, {name}",
            ours=value,
            published=None,
            unit="n",
            better="higher",
            source=PAPER,
            note=note,
            holds=value >= TARGET if name != "median" else None,
        )
