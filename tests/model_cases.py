"""Small models and random chunks, shared by the tests of the network."""

from dataclasses import dataclass, replace

import numpy as np

from lstm_music.backends.base import Backend
from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.kernels.isa import level_names, level_ready
from lstm_music.nn.model import LanguageModel, ModelConfig, State

LEVELS = [name for level, name in enumerate(level_names()) if level_ready(level)]
BACKENDS = ["reference", *LEVELS]


def backend_of(name: str, n_threads: int = 2) -> Backend:
    return ReferenceBackend() if name == "reference" else CpuBackend(n_threads, name)


SMALL = ModelConfig(
    n_rows=11, n_tokens=7, n_streams=3, embedding_size=3, hidden_size=5, layers=2, dropout=0.3
)

EVERY = {
    "dropout_kind": "variational",
    "residual": True,
    "tied_embedding": True,
    "learned_state": True,
}
OPTIONS = {
    "variational dropout": replace(SMALL, dropout_kind="variational"),
    "residual above the first": replace(SMALL, residual=True, layers=3),
    "residual throughout": replace(SMALL, residual=True, embedding_size=5),
    "residual, by table": replace(SMALL, residual=True, n_streams=1, embedding_size=8),
    "tied embedding": replace(SMALL, tied_embedding=True, embedding_size=5),
    "learned state": replace(SMALL, learned_state=True),
    "every option": replace(SMALL, **EVERY, embedding_size=5, layers=3),
    "every option, gru": replace(SMALL, **EVERY, embedding_size=5, cell="gru"),
    "every option, map": replace(SMALL, **EVERY, embedding_size=5, cell="conv-lstm:size=5"),
    "every option, blocks": replace(SMALL, **EVERY, embedding_size=5, cell="block:size=5"),
}
"""A small model for each option of the stack."""


@dataclass
class Chunk:
    """Arguments of one call."""

    rows: np.ndarray
    targets: np.ndarray
    state: State
    lengths: np.ndarray | None


def make_chunk(model: LanguageModel, T: int, B: int, *, ragged: bool = True, seed: int = 0):
    """Random rows and targets, some places without a target, a random state, lengths 0..T."""
    rng = np.random.default_rng(seed)
    config = model.config
    rows = rng.integers(0, config.n_rows, (T, B, config.n_streams)).astype(np.int32)
    rows[..., -1] = rows[..., 0]  # one row twice in a sum
    targets = rng.integers(0, config.n_tokens, (T, B)).astype(np.int32)
    targets[rng.random((T, B)) < 0.15] = -1
    state = [rng.normal(0, 0.5, s.shape).astype(model.dtype) for s in model.initial_state(B)]
    lengths = None
    if ragged:
        lengths = rng.integers(0, T + 1, B).astype(np.int32)
        lengths[rng.integers(B)] = T
    return Chunk(rows, targets, state, lengths)


def train(model: LanguageModel, chunk: Chunk, **options) -> tuple[float, int, State]:
    return model.train_chunk(chunk.rows, chunk.targets, chunk.state, chunk.lengths, **options)


def score(model: LanguageModel, chunk: Chunk):
    return model.score_chunk(chunk.rows, chunk.targets, chunk.state, chunk.lengths)
