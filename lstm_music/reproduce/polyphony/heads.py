"""From the answers of a network to the probability of a frame: independent keys, or an exact NADE.

A head says how wide the answers are that it reads, holds parameters of its own in one flat array,
and gives nats and gradients. Both heads are exact: the probabilities of all 2^88 frames sum to 1.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from lstm_music.reproduce.polyphony.rolls import Integers
from lstm_music.types import FloatArray


class Head(Protocol):
    """What reads the answers of a :class:`~lstm_music.nn.sequence_net.SequenceNet`."""

    size: int
    """Width A of the answers."""
    flat: FloatArray
    """(n,) — the head's own parameters; write into it freely. May be empty."""

    def nats(self, answers: FloatArray, targets: Integers) -> FloatArray:
        """(N,) -log p of targets (N, ...), given answers (N, A)."""

    def gradient(
        self, answers: FloatArray, targets: Integers
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Nats (N,), and the gradient of their sum: d_answers (N, A), d_flat (n,)."""


class BernoulliHead:
    """Every key sounds by itself, with probability s(answer): A = keys."""

    def __init__(self, keys: int, dtype: npt.DTypeLike = "float32") -> None:
        self.size = keys
        self.flat: FloatArray = np.zeros(0, dtype)

    def nats(self, answers: FloatArray, targets: Integers) -> FloatArray:
        """See :class:`Head`."""
        return _bernoulli(answers, targets)[0]

    def gradient(
        self, answers: FloatArray, targets: Integers
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """See :class:`Head`."""
        return *_bernoulli(answers, targets), np.zeros_like(self.flat)


class NadeHead:
    """Each key knows of those below it: a NADE whose biases the network answers.

    Larochelle & Murray (2011), eq. 5-7, with the biases of RNN-NADE (Boulanger-Lewandowski et al.
    2012, eq. 22-23). With K units, A = K + keys: the answers are b_h (K) and b_v (keys), and ::

        a_i = b_h + sum of W[k] over the keys k < i that sound
        p(key i sounds | those below) = s(b_v[i] + V[i] . s(a_i))

    The hidden units change only where a key sounds. A frame of m notes thus has m + 1 different
    rows of them, and all conditionals of all frames are one matrix product over these rows.

    Parameters
    ----------
    keys : of a frame.
    units : K, hidden units.
    dtype : float32 or float64.
    rng_seed : of the weights.

    Attributes
    ----------
    W, V : (keys, K) — views of ``flat``.
    """

    def __init__(
        self, keys: int, units: int, dtype: npt.DTypeLike = "float32", rng_seed: int = 0
    ) -> None:
        self.size = units + keys
        self.units = units
        rng = np.random.default_rng([rng_seed, 7])
        bound = units**-0.5
        self.flat: FloatArray = rng.uniform(-bound, bound, 2 * keys * units).astype(dtype)
        self.W, self.V = self.flat.reshape(2, keys, units)

    def nats(self, answers: FloatArray, targets: Integers) -> FloatArray:
        """See :class:`Head`."""
        rows = _Rows(targets)
        z, _ = self._logits(answers, rows)
        return _bernoulli(z, targets)[0]

    def gradient(
        self, answers: FloatArray, targets: Integers
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """See :class:`Head`."""
        rows = _Rows(targets)
        z, hidden = self._logits(answers, rows)
        nats, dz = _bernoulli(z, targets)
        d_row = np.zeros((len(hidden), targets.shape[1]), dz.dtype)
        d_row[rows.of_key, np.arange(targets.shape[1])] = dz
        da = (d_row @ self.V) * hidden * (1 - hidden)
        for note_rows in reversed(rows.by_rank):
            da[note_rows - 1] += da[note_rows]
        d_answers = np.concatenate([da[rows.first], dz], axis=1)
        dW = rows.one_hot(da.dtype).T @ da[rows.of_note]
        return nats, d_answers, np.concatenate([dW.ravel(), (d_row.T @ hidden).ravel()])

    def _logits(self, answers: FloatArray, rows: _Rows) -> tuple[FloatArray, FloatArray]:
        """Logits (N, keys), and the hidden units of each row."""
        b_h, b_v = answers[:, : self.units], answers[:, self.units :]
        a = np.repeat(b_h, rows.counts + 1, axis=0)
        for rank, note_rows in enumerate(rows.by_rank):
            a[note_rows] = a[note_rows - 1] + self.W[rows.key[rows.rank == rank]]
        hidden = _sigmoid(a)
        z = (hidden @ self.V.T)[rows.of_key, np.arange(rows.of_key.shape[1])] + b_v
        return z, hidden


class _Rows:
    """Where the hidden units of a batch of frames lie: a row for each frame, one for each note.

    Attributes
    ----------
    counts : (N,) notes of each frame.
    first : (N,) row before the first note of each frame.
    key, rank, of_note : (M,) of each note: its key, its number within the frame, the row after it.
    by_rank : rows after the first notes of all frames, after the second ones, ...
    of_key : (N, keys) row that each key is read from: the one after all notes below it.
    """

    def __init__(self, targets: Integers) -> None:
        sounding = targets != 0
        self.counts: Integers = sounding.sum(axis=1)
        notes_before = np.cumsum(self.counts) - self.counts
        self.first: Integers = notes_before + np.arange(len(targets))
        frame, self.key = np.nonzero(sounding)
        self.rank = np.arange(len(frame)) - notes_before[frame]
        self.of_note = self.first[frame] + self.rank + 1
        most = int(self.counts.max(initial=0))
        self.by_rank = [self.of_note[self.rank == rank] for rank in range(most)]
        self.of_key = self.first[:, None] + np.cumsum(sounding, axis=1) - sounding
        self._keys = targets.shape[1]

    def one_hot(self, dtype: np.dtype[np.floating]) -> FloatArray:
        """(M, keys) 1 at the key of each note."""
        hot = np.zeros((len(self.key), self._keys), dtype)
        hot[np.arange(len(self.key)), self.key] = 1
        return hot


def _sigmoid(x: FloatArray) -> FloatArray:
    """Logistic function, without overflow."""
    e = np.exp(-np.abs(x))
    y: FloatArray = np.where(x >= 0, 1, e) / (1 + e)
    return y


def _bernoulli(z: FloatArray, targets: Integers) -> tuple[FloatArray, FloatArray]:
    """Nats (N,) of independent keys with logits z (N, keys), and dz (N, keys) of their sum."""
    e = np.exp(-np.abs(z))
    nats = (np.maximum(z, 0) - z * targets + np.log1p(e)).sum(axis=1)
    return nats, (np.where(z >= 0, 1, e) / (1 + e) - targets).astype(z.dtype, copy=False)
