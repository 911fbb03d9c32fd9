"""Next-character prediction: seven sonnets, one character at a time.

The text is seven of Shakespeare's sonnets (1609; sonnets.txt of this folder, 4,300 characters). The
network reads a character and says how likely each is to come next. It is trained on six sonnets and
then read on the seventh. Beside it stand the two simplest models of text, with add-one counts of
the same six: how often each character comes, and how often after the one before.

Figure: nats a character (the mean of -log p) on the six and on the seventh.

Claim: the network is better than both counts on the sonnet that it has not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from lstm_music.backends.registry import get_backend
from lstm_music.nn.optim import make_optimiser
from lstm_music.nn.sequence_net import SequenceNet, softmax_loss
from lstm_music.reproduce.learning import make_net
from lstm_music.reproduce.task import Row, Settings

PAPER = "an exercise; no paper"
HIDDEN_SIZE, ROWS, CHUNK, EPOCHS, RATE, L2 = 64, 16, 60, 60, 0.01, 0.0005

Codes = npt.NDArray[np.int64]
"""The characters of a text as numbers 0..V-1."""


def text() -> tuple[Codes, Codes, int]:
    """The six sonnets, the seventh, and V, the number of characters there are."""
    whole = files(__package__).joinpath("sonnets.txt").read_text(encoding="utf-8").lower()
    alphabet = sorted(set(whole))
    first, last = whole[: whole.rindex("\n\n") + 2], whole[whole.rindex("\n\n") + 2 :]
    six, seventh = (np.array([alphabet.index(char) for char in part]) for part in (first, last))
    return six, seventh, len(alphabet)


def train(net: SequenceNet, codes: Codes, V: int, rng: np.random.Generator) -> None:
    """Adam on stretches of the text from random places, the rate falling to nothing."""
    adam = make_optimiser("adam", net.flat.size, l2=L2, backend=get_backend("cpu", n_threads=1))
    updates = EPOCHS * len(codes) // (ROWS * CHUNK)
    for update in range(updates):
        starts = rng.integers(0, len(codes) - CHUNK, ROWS)
        stretch = codes[starts + np.arange(CHUNK + 1)[:, None]]
        answers, _, tape = net.forward(np.eye(V, dtype=np.float32)[stretch[:-1]])
        _, d_answers = softmax_loss(answers, stretch[1:].astype(np.int32))
        rate = RATE * (1 - update / updates)
        adam.step(net.flat, net.backward(d_answers, tape), rate, max_norm=1.0)


def nats(net: SequenceNet, codes: Codes, V: int) -> float:
    """Mean of -log p of each character but the first."""
    answers = net.forward(np.eye(V, dtype=np.float32)[codes[:-1, None]])[0]
    return softmax_loss(answers, codes[1:, None].astype(np.int32))[0]


def nats_by_counts(train_codes: Codes, codes: Codes, V: int) -> tuple[float, float]:
    """The same of add-one counts: of each character, and of each after each."""
    pairs = np.ones((V, V))
    np.add.at(pairs, (train_codes[:-1], train_codes[1:]), 1)
    single = pairs.sum(axis=0) / pairs.sum()
    after = pairs / pairs.sum(axis=1, keepdims=True)
    return (
        -float(np.log(single[codes[1:]]).mean()),
        -float(np.log(after[codes[:-1], codes[1:]]).mean()),
    )


def run(settings: Settings) -> Iterator[Row]:
    """The network on both parts, and the counts on the seventh sonnet."""
    six, seventh, V = text()
    cell, seen, unseen = settings.cell or "lstm", [], []
    for seed in settings.seeds(1, 5):
        net = make_net(cell, V, HIDDEN_SIZE, V, rng_seed=seed)
        train(net, six, V, np.random.default_rng([seed, 1]))
        seen.append(nats(net, six, V))
        unseen.append(nats(net, seventh, V))
        settings.progress(f"seed {seed}: {seen[-1]:.3f} seen, {unseen[-1]:.3f} not seen")
    single, after = nats_by_counts(six, seventh, V)
    note = f"median of {len(seen)} networks; {cell} of {HIDDEN_SIZE} units"
    ours = float(np.median(unseen))
    rows = (
        ("network, six sonnets it has seen", float(np.median(seen)), None, note),
        ("network, a new sonnet", ours, ours < min(single, after), note),
        ("counts of characters, a new sonnet", single, None, "what the network is to beat"),
        ("counts of pairs, a new sonnet", after, None, "what the network is to beat"),
    )
    for name, value, holds, remark in rows:
        if settings.wants(name):
            yield Row(
                name=name,
                ours=value,
                published=None,
                unit="nats a character",
                better="lower",
                source=PAPER,
                note=remark,
                holds=holds,
            )
