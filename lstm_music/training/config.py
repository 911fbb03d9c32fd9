"""Settings of one training run."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_music.errors import ConfigError
from lstm_music.nn.config import check_cell


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Everything a run depends on besides the music itself.

    Parameters
    ----------
    cell : name in ``lm.cells.names()``, with or without options: ``lstm:forget_bias=2``.
    hidden_size, layers, embedding_size : sizes of the network.
    dropout : share of units dropped between layers and before the head; [0, 1).
    batch_size : pieces read side by side (B).
    chunk_steps : tokens between two updates (T of truncated BPTT); the state is carried on.
    learning_rate : peak of the schedule (``lstm_music.training.schedule``).
    clip_norm : largest global gradient norm.
    max_tokens : tokens to train on before the run ends.
    evaluate_every : tokens between two validations.
    rng_seed : weights, order, transposition and dropout all follow from it.
    threads : None = one a core; never changes the result.
    """

    cell: str = "lstm"
    hidden_size: int = 256
    layers: int = 2
    embedding_size: int = 128
    dropout: float = 0.2
    batch_size: int = 32
    chunk_steps: int = 128
    learning_rate: float = 0.003
    clip_norm: float = 1.0
    max_tokens: int = 20_000_000
    evaluate_every: int = 1_000_000
    rng_seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        for name in (
            "hidden_size",
            "layers",
            "embedding_size",
            "batch_size",
            "chunk_steps",
            "max_tokens",
            "evaluate_every",
        ):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more, got {getattr(self, name)}")
        check_cell(self.cell, self.embedding_size, self.hidden_size)
        if not 0.0 <= self.dropout < 1.0:
            raise ConfigError(f"dropout must be 0 or more and below 1, got {self.dropout}")
        for name in ("learning_rate", "clip_norm"):
            if not 0.0 < getattr(self, name) < float("inf"):
                raise ConfigError(f"{name} must be above 0, got {getattr(self, name)}")
        if self.threads is not None and self.threads < 1:
            raise ConfigError(f"threads must be 1 or more, got {self.threads}")
