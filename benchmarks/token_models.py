"""Networks that learn sequences of tokens, ours and torch's, trained in one and the same way.

Adam, the learning rate along a cosine after a short warm-up, gradients clipped to norm 1; the
network with the best validation counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from lstm_music.backends.registry import get_backend
from lstm_music.corpus.batching.batches import Chunk
from lstm_music.nn.config import ModelConfig
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.optim import Adam
from lstm_music.nn.scoring import sequence_nll
from lstm_music.training.schedule import rate_share
from lstm_music.types import FloatArray, IntArray

CLIP_NORM = 1.0
WARMUP = 0.02
NO_TARGET = -1  # given music, which is read and not learnt


class Learner(Protocol):
    """What can be trained here."""

    def update(self, chunk: Chunk, learning_rate: float) -> float:
        """One update; the nats of the chunk's targets together."""

    def nats(self, sequences: Sequence[IntArray]) -> list[FloatArray]:
        """Nats of every token of each sequence but the first."""


def chunks(
    sequences: Sequence[IntArray], batch_size: int, chunk_steps: int, rng_seed: int
) -> Iterator[Chunk]:
    """Chunks without end of sequences (N,), in a new order each epoch; one input stream."""

    def shuffled() -> Iterator[tuple[int, IntArray]]:
        epoch = 0
        while True:
            rng = np.random.default_rng([rng_seed, epoch])
            for i in rng.permutation(len(sequences)):
                yield epoch, sequences[int(i)]
            epoch += 1

    source = shuffled()
    left: list[IntArray] = [np.empty(0, np.int32)] * batch_size
    epoch = 0
    while True:
        starts = np.array([len(tokens) < 2 for tokens in left], bool)
        for b in np.flatnonzero(starts):
            epoch, left[b] = next(source)
        lengths = np.array([min(len(t) - 1, chunk_steps) for t in left], np.int32)
        rows = np.zeros((lengths.max(), batch_size, 1), np.int32)
        targets = np.zeros(rows.shape[:2], np.int32)
        for b, n in enumerate(lengths):
            rows[:n, b, 0], targets[:n, b] = left[b][:n], left[b][1 : n + 1]
            left[b] = left[b][n:]
        yield Chunk(rows, targets, lengths, starts, epoch)


class OurLstm:
    """A network of the package."""

    def __init__(self, config: ModelConfig, batch_size: int, rng_seed: int, threads: int) -> None:
        backend = get_backend("cpu", n_threads=threads)
        self._model = LanguageModel.create(config, rng_seed, backend=backend)
        self._adam = Adam(self._model.flat_params.size, backend=backend)
        self._state = self._model.initial_state(batch_size)
        self._key = (rng_seed, 0)

    def update(self, chunk: Chunk, learning_rate: float) -> float:
        """As `Learner` has it."""
        self._model.flat_grads[:] = 0
        nll, _, self._state = self._model.train_chunk(
            chunk.rows,
            chunk.targets,
            self._state,
            chunk.lengths,
            starts=chunk.starts,
            dropout_key=self._key,
        )
        self._key = (self._key[0], self._key[1] + 1)
        self._adam.step(self._model.flat_params, self._model.flat_grads, learning_rate, CLIP_NORM)
        return float(nll)

    def nats(self, sequences: Sequence[IntArray]) -> list[FloatArray]:
        """As `Learner` has it."""
        return sequence_nll(self._model, [(s[:-1, None], s[1:]) for s in sequences])


class TorchLstm:
    """The same network of tokens alone, in torch: Embedding, LSTM, Linear."""

    def __init__(self, config: ModelConfig, batch_size: int, rng_seed: int, threads: int) -> None:
        import torch

        torch.manual_seed(rng_seed)
        torch.set_num_threads(threads)
        self._torch = torch
        self._embedding = torch.nn.Embedding(config.n_tokens, config.embedding_size)
        self._lstm = torch.nn.LSTM(
            config.embedding_size, config.hidden_size, config.layers, dropout=config.dropout
        )
        self._dropout = torch.nn.Dropout(config.dropout)
        self._head = torch.nn.Linear(config.hidden_size, config.n_tokens)
        self._parts = torch.nn.ModuleList([self._embedding, self._lstm, self._dropout, self._head])
        self._adam = torch.optim.Adam(self._parts.parameters(), betas=(0.9, 0.999))
        shape = (config.layers, batch_size, config.hidden_size)
        self._state = (torch.zeros(shape), torch.zeros(shape))

    @property
    def n_weights(self) -> int:
        """How many numbers it learns."""
        return sum(one.numel() for one in self._parts.parameters())

    def update(self, chunk: Chunk, learning_rate: float) -> float:
        """As `Learner` has it; of the input streams the first, the tokens, is read."""
        torch = self._torch
        fresh = torch.from_numpy(chunk.starts)[None, :, None]
        state = tuple(part.masked_fill(fresh, 0.0) for part in self._state)
        inside = np.arange(len(chunk.targets))[:, None] < chunk.lengths
        targets = torch.from_numpy(np.where(inside, chunk.targets, NO_TARGET).astype(np.int64))
        self._parts.train()
        logits, last = self._logits(
            torch.from_numpy(np.ascontiguousarray(chunk.rows[..., 0])), state
        )
        self._state = tuple(part.detach() for part in last)
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), ignore_index=NO_TARGET
        )
        self._adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._parts.parameters(), CLIP_NORM)
        for group in self._adam.param_groups:
            group["lr"] = learning_rate
        self._adam.step()
        return float(loss.detach()) * chunk.n_targets

    def nats(self, sequences: Sequence[IntArray]) -> list[FloatArray]:
        """As `Learner` has it."""
        torch = self._torch
        self._parts.eval()
        scores = []
        with torch.no_grad():
            for sequence in sequences:
                tokens = torch.from_numpy(sequence.astype(np.int64))
                logits, _ = self._logits(tokens[:-1, None], None)
                nll = torch.nn.functional.cross_entropy(logits[:, 0], tokens[1:], reduction="none")
                scores.append(nll.numpy())
        return scores

    def _logits(self, tokens: Any, state: Any) -> tuple[Any, Any]:
        outputs, last = self._lstm(self._embedding(tokens), state)
        return self._head(self._dropout(outputs)), last


def train(
    learner: Learner,
    stream: Iterator[Chunk],
    valid: Sequence[IntArray],
    *,
    max_tokens: int,
    evaluate_every: int,
    peak_rate: float,
) -> tuple[float, float]:
    """Train; prints a line a validation; the best and the last of them in nats a token."""
    best, loss, tokens, due, sum_nll, since = np.inf, np.nan, 0, evaluate_every, 0.0, 0
    started = time.monotonic()
    while tokens < max_tokens:
        chunk = next(stream)
        rate = peak_rate * rate_share("cosine", tokens / max_tokens, WARMUP)
        sum_nll += learner.update(chunk, rate)
        tokens, since = tokens + chunk.n_targets, since + chunk.n_targets
        if tokens >= min(due, max_tokens):
            due += evaluate_every
            loss = float(np.concatenate(learner.nats(valid)).mean())
            best = min(best, loss)
            speed = tokens / (time.monotonic() - started)
            print(
                f"  {tokens:11,} tokens  epoch {chunk.epoch:3d}  train {sum_nll / since:.4f}  "
                f"valid {loss:.4f}  best {best:.4f}  {speed:,.0f} tokens/s",
                flush=True,
            )
            sum_nll, since = 0.0, 0
    return best, loss
