"""How the tasks train: a net, an optimiser, and the papers' stop rule, "n sequences in a row".

Every batch is new, so the sequences that a network is trained on also test it: each is judged
before the update that learns from it. The papers update after each sequence; we do after a small
batch, and count sequences as they do.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_music.backends.registry import get_backend
from lstm_music.nn.cell import Cell
from lstm_music.nn.composition import composition_of
from lstm_music.nn.optim import make_optimiser
from lstm_music.nn.sequence_net import SequenceNet
from lstm_music.reproduce.curve import Curve, curve_of
from lstm_music.reproduce.engine import cell_backend
from lstm_music.reproduce.task import Row
from lstm_music.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Batch:
    """Sequences and what is asked of them.

    Attributes
    ----------
    x : (T, B, D)
    targets : (T, B, O)
    asked : (T, B) weight of each step in the loss; where it is 0 no answer is asked for.
    lengths : (B,) int32 valid steps; None: all.
    """

    x: FloatArray
    targets: FloatArray
    asked: FloatArray
    lengths: IntArray | None = None

    @property
    def size(self) -> int:
        """B, the number of sequences."""
        return int(self.x.shape[1])


Draw = Callable[[np.random.Generator, int], Batch]
"""(source of randomness, B) -> new sequences."""

Loss = Callable[[FloatArray, FloatArray, FloatArray], tuple[float, FloatArray]]
"""(answers, targets, asked) -> loss and its gradient: those of :mod:`lstm_music.nn.sequence_net`"""

Judge = Callable[[FloatArray, Batch], FloatArray]
"""(answers, batch) -> (B,) error of each sequence, which is right if this is below a tolerance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a training ended.

    Attributes
    ----------
    sequences : read until the stop rule held; None: it did not within the limit.
    before : those of them before the last ``in_a_row``, which only had to be right.
    curve : mean loss of the updates.
    """

    sequences: int | None
    before: int | None
    curve: Curve


def make_net(
    cell: str,
    input_size: int,
    hidden_size: int,
    output_size: int,
    *,
    rng_seed: int,
    shortcut: bool = False,
) -> SequenceNet:
    """One recurrent layer, float32."""
    return SequenceNet(
        cell,
        input_size=input_size,
        hidden_sizes=(hidden_size,),
        output_size=output_size,
        shortcut=shortcut,
        rng_seed=rng_seed,
        backend=cell_backend(),
    )


def hold(cell: Cell, lag: float) -> None:
    """Set the gates' biases so that the state outlasts a lag and little is written to it.

    With a bias of log(lag) a forget gate starts at lag / (lag + 1): what is in the state fades by
    a factor e in that many steps. With -log(lag) an input gate starts nearly closed, so that the
    noise of the lag does not bury what was stored. Hochreiter & Schmidhuber (1997) close the input
    gates of their long experiments in the same way; the logarithm is that of Tallec & Ollivier
    (2018), arXiv:1804.11188, who draw the lag at random. A GRU's z is its forget gate. A cell
    without these gates is left alone.
    """
    rows = composition_of(cell.spec).gate_rows(cell.hidden_size)
    biases = np.split(cell.params["b"], np.cumsum(rows)[:-1])
    for gate, bias in zip(cell.spec.gate_order, biases):
        if gate in ("f", "z"):
            bias[...] = np.log(lag)
        elif gate == "i":
            bias[...] = -np.log(lag)


def train_until_right(
    net: SequenceNet,
    draw: Draw,
    loss: Loss,
    judge: Judge,
    *,
    tolerance: float,
    in_a_row: int,
    limit: int,
    batch_size: int,
    learning_rate: float,
    rng: np.random.Generator,
    wrong_below: int = 1,
    mean_below: float = math.inf,
    max_norm: float = 1.0,
    progress: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Train with Adam until the last sequences were right, each of them before its update.

    Parameters
    ----------
    net : its parameters are trained in place.
    draw, loss, judge : the task.
    tolerance : a sequence is right if its error is below this.
    in_a_row : how many sequences are looked back at.
    wrong_below : fewer of them than this are wrong; 1: all are right.
    mean_below : their mean error is below this, too.
    limit : give up after so many sequences.
    batch_size : B, sequences an update.
    learning_rate, max_norm : of Adam; a longer gradient is shortened to ``max_norm``.
    rng : source of the sequences.
    progress : gets a line every hundred updates.
    """
    adam = make_optimiser("adam", net.flat.size, backend=get_backend("cpu", n_threads=1))
    losses: list[float] = []
    last: deque[float] = deque(maxlen=in_a_row)
    done = 0
    while done < limit:
        batch = draw(rng, batch_size)
        answers, _, tape = net.forward(batch.x, None, batch.lengths)
        last.extend(judge(answers, batch).tolist())
        done += batch.size
        errors = np.array(last)
        wrong = int((errors >= tolerance).sum())
        if len(last) == in_a_row and wrong < wrong_below and errors.mean() < mean_below:
            return Outcome(
                sequences=done, before=done - in_a_row, curve=loss_curve(losses, batch_size)
            )
        mean, d_answers = loss(answers, batch.targets, batch.asked)
        losses.append(mean)
        adam.step(net.flat, net.backward(d_answers, tape), learning_rate, max_norm=max_norm)
        if len(losses) % 100 == 0:
            recent = float(np.mean(losses[-100:]))
            progress(f"{done:,} sequences, loss {recent:.3g}, {wrong:,} of {len(last):,} wrong")
    return Outcome(sequences=None, before=None, curve=loss_curve(losses, batch_size))


def loss_curve(losses: Sequence[float], an_update: int, across: str = "sequences") -> Curve:
    """The losses of updates against what was read, so much of it an update."""
    return curve_of(losses, step=an_update, across=across, up="training loss")


def worst_error(answers: FloatArray, batch: Batch) -> FloatArray:
    """(B,) the largest absolute error of any output at the steps that are asked for."""
    errors = np.abs(answers - batch.targets).max(axis=2) * (batch.asked > 0)
    worst: FloatArray = errors.max(axis=0)
    return worst


def worst_logistic_error(answers: FloatArray, batch: Batch) -> FloatArray:
    """(B,) as :func:`worst_error`, of outputs that a logistic function squashes."""
    return worst_error(logistic(answers), batch)


def logistic(x: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)), without overflow."""
    squashed: FloatArray = np.exp(-np.logaddexp(0, -x))
    return squashed


def share_wrong(
    net: SequenceNet, batches: Iterable[Batch], judge: Judge, tolerance: float
) -> float:
    """Share of sequences that a trained net gets wrong."""
    errors = [judge(net.forward(b.x, None, b.lengths)[0], b) for b in batches]
    return float(np.mean(np.concatenate(errors) >= tolerance))


def success_row(
    name: str,
    counts: Sequence[int | None],
    published: float | None,
    source: str,
    note: str,
    curve: Curve | None = None,
) -> Row:
    """Sequences to success: the mean over networks; the claim: all succeed, sooner than published.

    Parameters
    ----------
    counts : of each network; None: it did not succeed.
    published : the paper's mean.
    curve : of the first network.
    """
    there = [count for count in counts if count is not None]
    mean = float(np.mean(there)) if there else None
    sooner = mean is not None and (published is None or mean < published)
    return Row(
        name=f"{name}, sequences to success",
        ours=mean,
        published=published,
        unit="sequences",
        better="lower",
        source=source,
        note=f"{len(there)} of {len(counts)} networks succeeded; {note}",
        holds=len(there) == len(counts) and sooner,
        curve=curve,
    )


def wrong_row(
    name: str, wrong: Sequence[float], published: float | None, source: str, *, below: float
) -> Row:
    """The row of the share of new sequences that the worst net gets wrong, claimed to be small.

    Parameters
    ----------
    name : of the row, without what it counts.
    wrong : of each net, see :func:`share_wrong`.
    published, source : as of :class:`Row`.
    below : the claim.
    """
    return Row(
        name=f"{name}, wrong test sequences",
        ours=max(wrong),
        published=published,
        unit="share",
        better="lower",
        source=source,
        note="the worst of our networks",
        holds=max(wrong) < below,
    )


def marks_of_the_end(lengths: IntArray) -> FloatArray:
    """(T, B) 1 at the last step of each sequence, else 0."""
    asked = np.zeros((int(lengths.max()), len(lengths)), np.float32)
    asked[lengths - 1, np.arange(len(lengths))] = 1
    return asked
