"""The continual embedded Reber grammar: strings without end, and nobody says where one begins.

The network reads a stream of embedded Reber strings, one after the other, and is never reset. It
says after each symbol which symbols may come next. Each of its 7 outputs is to be within 0.49 of 1
for a symbol that may come, of 0 for one that may not. A network is perfect if it makes no error in
10 test streams of 100,000 symbols. Without a forget gate c grows until the cell is of no use; that
is what the gate was made for. Outputs see the inputs, too, as in the paper.

The strings that decide are rare. The automaton can go round a loop again and again while the
network has to remember the T or P before it; in a million symbols a loop of six rounds comes about
once. After 1.25 million symbols of training a network passes a short test, but one in three fails
in the long one. So ours read ten million.

Figure: the share of perfect networks, of 100 (quick: of 1, on streams of 5,000 symbols). The paper
trains on up to 30,000 streams, each up to its first error. Ours read a fixed number of symbols.

Claim: at least 90 in 100 networks are perfect.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lstm_music.backends.registry import get_backend
from lstm_music.nn.optim import make_optimiser
from lstm_music.nn.sequence_net import SequenceNet, State, bernoulli_loss
from lstm_music.reproduce.learning import loss_curve, make_net
from lstm_music.reproduce.reber import SYMBOLS, Streams
from lstm_music.reproduce.task import Row, Settings

PAPER = "Gers, Schmidhuber & Cummins (2000), Neural Computation 12(10), table 2"
PUBLISHED = 0.62
"""Perfect networks, with forget gates and a decaying learning rate."""

TOLERANCE, TEST_STREAMS, TEST_SYMBOLS, TARGET = 0.49, 10, 100_000, 0.9
LEAST_WRONG = np.log(TOLERANCE / (1 - TOLERANCE))
"""Before the logistic function: an answer this far towards the wrong side errs by the tolerance."""
HIDDEN_SIZE, STREAMS, CHUNK, UPDATES, RATE = 16, 40, 50, 5000, 0.02


def train(net: SequenceNet, rng: np.random.Generator) -> list[float]:
    """Adam over chunks of streams; the state goes from chunk to chunk, the gradient does not.

    A stream is begun anew, with the net's state at 0, after 2,000 symbols, so that beginnings are
    not forgotten. The learning rate falls linearly to nothing. Returns the loss of each update.
    """
    adam = make_optimiser("adam", net.flat.size, backend=get_backend("cpu", n_threads=1))
    streams = Streams(STREAMS, rng)
    state: State | None = None
    losses = []
    for update in range(UPDATES):
        x, legal = streams.take(CHUNK)
        answers, state, tape = net.forward(x, state)
        loss, d_answers = bernoulli_loss(answers, legal)
        losses.append(loss)
        rate = RATE * (1 - update / UPDATES)
        adam.step(net.flat, net.backward(d_answers, tape), rate, max_norm=1.0)
        row = update % STREAMS  # each stream every 40 chunks
        streams.restart(row)
        for layer in state:
            layer[:, row] = 0
    return losses


def symbols_until_error(net: SequenceNet, symbols: int, rng: np.random.Generator) -> int:
    """Symbols of the test streams that pass before the first error in any of them."""
    streams = Streams(TEST_STREAMS, rng)
    state: State | None = None
    for done in range(0, symbols, 1000):
        x, legal = streams.take(1000)
        answers, state, _ = net.forward(x, state)
        wrong = ~(((1 - 2 * legal) * answers).max(axis=(1, 2)) < LEAST_WRONG)
        if wrong.any():
            return done + int(wrong.argmax())
    return symbols


def run(settings: Settings) -> Iterator[Row]:
    """One row."""
    if not settings.wants("perfect networks"):
        return
    symbols = 5000 if settings.quick else TEST_SYMBOLS
    lengths, losses = [], []
    for seed in settings.seeds(1, 100):
        net = make_net(
            settings.cell or "lstm",
            len(SYMBOLS),
            HIDDEN_SIZE,
            len(SYMBOLS),
            rng_seed=seed,
            shortcut=True,
        )
        losses.append(train(net, np.random.default_rng([seed, 1])))
        lengths.append(symbols_until_error(net, symbols, np.random.default_rng([seed, 2])))
        settings.progress(f"seed {seed}: right for {lengths[-1]:,} of {symbols:,} symbols")
    share = float(np.mean(np.array(lengths) == symbols))
    yield Row(
        name="perfect networks",
        ours=share,
        published=PUBLISHED,
        unit="share",
        better="higher",
        source=PAPER,
        note=f"{len(lengths)} network{'s' * (len(lengths) > 1)}, each tested on {TEST_STREAMS} "
        f"streams of {symbols:,} symbols after {UPDATES * STREAMS * CHUNK:,} symbols of training; "
        f"{settings.cell or 'lstm'} of {HIDDEN_SIZE} units, Adam",
        holds=share >= TARGET,
        curve=loss_curve(losses[0], STREAMS * CHUNK, across="symbols"),
    )
