"""Training of a network with a head on pieces, and the choice of the best epoch on other pieces."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from lstm_music.backends.registry import get_backend
from lstm_music.nn.optim import make_optimiser
from lstm_music.nn.optimiser import Optimiser
from lstm_music.nn.sequence_net import SequenceNet, State
from lstm_music.reproduce.engine import cell_backend
from lstm_music.reproduce.polyphony.heads import Head
from lstm_music.reproduce.polyphony.rolls import Integers
from lstm_music.reproduce.polyphony.scores import Score, score
from lstm_music.types import BoolArray, FloatArray, IntArray

Pair = tuple[Integers, Integers]
"""Inputs (T, D) and targets (T, C) of a piece: step t of the inputs knows targets before t only."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a network is made and trained.

    Attributes
    ----------
    cell : as :func:`lstm_music.nn.cell.make` takes it.
    hidden_sizes : H of each layer.
    shortcut : the head sees the input beside the last layer's output.
    epochs : passes over the training pieces.
    batch_size : B, pieces side by side.
    chunk_steps : gradients flow back this many steps at most; states are carried on.
    optimiser : by name; Adam unless said.
    learning_rate : of the first step; it falls to 0 as a cosine.
    momentum : of ``sgd``.
    max_norm : a longer gradient is shortened to this.
    input_dropout, output_dropout : share of the inputs, of what the head sees, set to 0.
    recurrent_dropout : share of the recurrent weights U that an update sets to 0 (DropConnect: Wan
        et al. 2013; of an LSTM's U: Merity et al. 2018).
    input_noise : standard deviation of what is added to the inputs in training.
    averaging : decay, from step to step, of the running mean of the weights, which is what is
        scored; 0: the weights themselves.
    rng_seed : of weights, order, dropout.
    """

    cell: str = "lstm"
    hidden_sizes: tuple[int, ...] = (200,)
    shortcut: bool = False
    epochs: int = 60
    batch_size: int = 8
    chunk_steps: int = 200
    optimiser: str = "adam"
    learning_rate: float = 0.003
    momentum: float | None = None
    max_norm: float = 1.0
    input_dropout: float = 0.2
    output_dropout: float = 0.5
    recurrent_dropout: float = 0.0
    input_noise: float = 0.0
    averaging: float = 0.99
    rng_seed: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What training came to.

    Attributes
    ----------
    valid : score of the best epoch on the pieces that chose it.
    epoch : that epoch, from 1; 0: no epoch had a finite score.
    curve : mean nats of all valid frames after each epoch.
    parameters : how many there are.
    seconds : of wall time.
    """

    valid: Score
    epoch: int
    curve: list[float]
    parameters: int
    seconds: float


class Learner:
    """A :class:`SequenceNet` and a head over it, trained together.

    Parameters
    ----------
    settings : how.
    input_size : D.
    head : reads the network's answers.
    """

    def __init__(self, settings: Settings, input_size: int, head: Head) -> None:
        self.settings, self.head = settings, head
        backend = get_backend("cpu", n_threads=1)
        self.net = SequenceNet(
            settings.cell, input_size=input_size, hidden_sizes=settings.hidden_sizes,
            output_size=head.size, shortcut=settings.shortcut, rng_seed=settings.rng_seed,
            backend=cell_backend(),
        )  # fmt: skip
        self._flats = [flat for flat in (self.net.flat, head.flat) if flat.size]
        self._optimisers: list[Optimiser] = [
            make_optimiser(
                settings.optimiser, flat.size, momentum=settings.momentum, backend=backend
            )
            for flat in self._flats
        ]
        self._mean = _Mean(self._flats, settings.averaging)
        self._rng = np.random.default_rng([settings.rng_seed, 1])

    def fit(
        self,
        train: Sequence[Pair],
        valid: Sequence[Pair],
        on_epoch: Callable[[int, float], None] = lambda epoch, nats: None,
        again: Callable[[int], Sequence[Pair]] | None = None,
    ) -> Outcome:
        """Train, and keep the weights of the epoch that is best on ``valid``.

        Parameters
        ----------
        train, valid : pieces.
        on_epoch : called with the epoch, from 1, and the mean nats of all valid frames.
        again : gives the training pieces of an epoch, from 1, in place of ``train``: for changed
            copies of them.
        """
        start, curve = time.perf_counter(), []
        best, best_score, best_epoch = self._copies(), score([np.array([np.inf])]), 0
        steps = self.settings.epochs * sum(1 for _ in self._chunks(train, shuffled=False))
        done = 0
        for epoch in range(1, self.settings.epochs + 1):
            for chunk in self._chunks(train if again is None else again(epoch), shuffled=True):
                part = min(1.0, done / steps)
                self._learn(chunk, self.settings.learning_rate * (1 + math.cos(math.pi * part)) / 2)
                done += 1
            with self._mean:
                now = self.score(valid)
                if now.all_frames < best_score.all_frames:
                    best, best_score, best_epoch = self._copies(), now, epoch
            curve.append(now.all_frames)
            on_epoch(epoch, now.all_frames)
        for flat, kept in zip(self._flats, best):
            flat[...] = kept
        return Outcome(
            best_score, best_epoch, curve, sum(flat.size for flat in self._flats),
            time.perf_counter() - start,
        )  # fmt: skip

    def score(self, pieces: Sequence[Pair]) -> Score:
        """Mean nats of the pieces' frames; no dropout."""
        return score(self.nats(pieces))

    def nats(self, pieces: Sequence[Pair]) -> list[FloatArray]:
        """(T,) nats of each frame of each piece."""
        found: list[FloatArray] = [np.empty(len(targets)) for _, targets in pieces]
        for chunk in self._chunks(pieces, shuffled=False):
            answers, chunk.memory.state, _ = self.net.forward(
                chunk.x, chunk.memory.state_of(chunk.x.shape[1]), chunk.lengths
            )
            nats = np.zeros(chunk.valid.shape)
            nats[chunk.valid] = self.head.nats(answers[chunk.valid], chunk.targets)
            for row, length in enumerate(chunk.lengths):
                place = chunk.memory.pieces[row]
                found[place][chunk.start : chunk.start + length] = nats[:length, row]
        return found

    def _learn(self, chunk: _Chunk, learning_rate: float) -> None:
        """One step of the optimisers on the mean nats of a chunk's frames."""
        x, mask = self._disturbed(chunk.x)
        with _thinned(self.net, self._rng, self.settings.recurrent_dropout) as factors:
            answers, chunk.memory.state, tape = self.net.forward(
                x, chunk.memory.state_of(x.shape[1]), chunk.lengths, mask=mask
            )
            nats, d_some, d_head = self.head.gradient(answers[chunk.valid], chunk.targets)
            d_answers = np.zeros_like(answers)
            d_answers[chunk.valid] = d_some / len(nats)
            d_flat = self.net.backward(d_answers, tape) * factors
        for flat, gradient, optimiser in zip(
            self._flats, [d_flat, d_head / len(nats)], self._optimisers
        ):
            optimiser.step(flat, gradient, learning_rate, max_norm=self.settings.max_norm)
        self._mean.update()

    def _disturbed(self, x: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """The inputs of training, and the mask of what the head sees."""
        s, T, B = self.settings, *x.shape[:2]
        if s.input_noise:
            x = x + self._rng.normal(0, s.input_noise, x.shape).astype(x.dtype)
        if s.input_dropout:
            x = x * _kept(self._rng, x.shape, s.input_dropout)
        if not s.output_dropout:
            return x, None
        return x, _kept(self._rng, (T, B, self.net.V.shape[1]), s.output_dropout)

    def _copies(self) -> list[FloatArray]:
        return [flat.copy() for flat in self._flats]

    def _chunks(self, pieces: Sequence[Pair], *, shuffled: bool) -> Iterator[_Chunk]:
        """Every frame of the pieces once: pieces of like length side by side, longest first."""
        lengths = np.array([len(targets) for _, targets in pieces])
        spread = self._rng.uniform(0.8, 1.25, len(lengths)) if shuffled else 1
        order = np.argsort(-lengths * spread, kind="stable")
        B = self.settings.batch_size
        groups = [order[at : at + B] for at in range(0, len(order), B)]
        if shuffled:
            groups = [groups[at] for at in self._rng.permutation(len(groups))]
        for group in groups:
            rows = group[np.argsort(-lengths[group], kind="stable")]
            memory = _Memory(rows)
            for start in range(0, int(lengths[rows[0]]), self.settings.chunk_steps):
                yield _Chunk.cut(pieces, memory, start, self.settings.chunk_steps)


class _Mean:
    """The running mean of weights; ``with`` puts it in their place."""

    def __init__(self, flats: Sequence[FloatArray], decay: float) -> None:
        self._flats, self._decay, self._steps = flats, decay, 0
        self._means = [flat.copy() for flat in flats]

    def update(self) -> None:
        """Take in the weights as they are."""
        self._steps += 1
        decay = min(self._decay, self._steps / (self._steps + 10))
        for mean, flat in zip(self._means, self._flats):
            mean[...] += (1 - decay) * (flat - mean)

    def __enter__(self) -> None:
        self._kept = [flat.copy() for flat in self._flats]
        self._write(self._means)

    def __exit__(self, *_: object) -> None:
        self._write(self._kept)

    def _write(self, values: Sequence[FloatArray]) -> None:
        for flat, value in zip(self._flats, values):
            flat[...] = value


@dataclass(slots=True)
class _Memory:
    """What a group of pieces carries from chunk to chunk."""

    pieces: Integers
    state: State | None = field(default=None)

    def state_of(self, rows: int) -> State | None:
        """Of the pieces that go on: the first rows."""
        return self.state and [np.ascontiguousarray(layer[:, :rows]) for layer in self.state]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some steps of some pieces.

    Attributes
    ----------
    x : (T, B, D)
    targets : (N, C) of the valid places, in the order of ``valid``.
    valid : (T, B) bool.
    lengths : (B,)
    start : step of the pieces that the chunk begins with.
    memory : of the group.
    """

    x: FloatArray
    targets: Integers
    valid: BoolArray
    lengths: IntArray
    start: int
    memory: _Memory

    @staticmethod
    def cut(pieces: Sequence[Pair], memory: _Memory, start: int, steps: int) -> _Chunk:
        """The chunk of a group that begins at step ``start``."""
        going = [pieces[at] for at in memory.pieces if len(pieces[at][1]) > start]
        lengths = np.array([min(len(t) - start, steps) for _, t in going], np.int32)
        T, (inputs, targets) = int(lengths.max()), going[0]
        x = np.zeros((T, len(going), inputs.shape[1]), np.float32)
        y = np.zeros((T, len(going), targets.shape[1]), targets.dtype)
        for row, ((inputs, targets), length) in enumerate(zip(going, lengths)):
            x[:length, row] = inputs[start : start + length]
            y[:length, row] = targets[start : start + length]
        valid = np.arange(T)[:, None] < lengths
        return _Chunk(x, y[valid], valid, lengths, start, memory)


@contextmanager
def _thinned(
    net: SequenceNet, rng: np.random.Generator, share: float
) -> Iterator[FloatArray | float]:
    """A stretch in which some recurrent weights are 0; gives the factor of each weight."""
    if not share:
        yield 1.0
        return
    factors, whole, start = np.ones_like(net.flat), net.flat.copy(), 0
    for cell in net.cells:
        for name, array in cell.params.items():
            if name == "U":
                factors[start : start + array.size] = _kept(rng, (array.size,), share)
            start += array.size
    net.flat *= factors
    try:
        yield factors
    finally:
        net.flat[...] = whole


def _kept(rng: np.random.Generator, shape: tuple[int, ...], rate: float) -> FloatArray:
    """Mask of inverted dropout."""
    mask: FloatArray = (rng.random(shape, np.float32) >= rate).astype(np.float32)
    mask /= 1 - rate
    return mask
