"""The training loop: chunks in, gradient, clip, update; validate; keep the best."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np

from lstm_music.corpus.batches import Chunk, ChunkStream
from lstm_music.errors import LstmMusicError
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.optim import make_optimiser
from lstm_music.nn.parameters import weight_slices
from lstm_music.nn.scoring import mean_nll
from lstm_music.training.config import TrainConfig
from lstm_music.training.schedule import learning_rate
from lstm_music.types import IntArray

_SMOOTHING = 0.98


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run tells while it goes on; losses in nats a token, NaN before the first."""

    step: int
    tokens: int
    max_tokens: int
    train_loss: float
    valid_loss: float
    best_loss: float
    learning_rate: float
    seconds: float

    @property
    def tokens_per_second(self) -> float:
        """Mean speed since the start, validation included."""
        return self.tokens / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float:
        """Time to the end at the mean speed."""
        return max(self.max_tokens - self.tokens, 0) / max(self.tokens_per_second, 1e-9)


class Trainer:
    """Train a model by BPTT, whole or truncated with carried state.

    Parameters
    ----------
    model : trained in place.
    stream : training chunks, endless.
    valid : held-out sequences, each (rows (N, S) int32, targets (N,) int32).
    config : settings.
    keep : called with the progress whenever the validation loss is the best so far; it saves.
    """

    def __init__(
        self,
        model: LanguageModel,
        stream: ChunkStream,
        valid: list[tuple[IntArray, IntArray]],
        config: TrainConfig,
        keep: Callable[[Progress], None],
    ) -> None:
        self._model = model
        self._stream = stream
        self._valid = valid
        self._config = config
        self._keep = keep
        self._optimiser = make_optimiser(
            config.optimiser,
            model.flat_params.size,
            momentum=config.momentum,
            l2=config.l2,
            penalised=weight_slices(model.config),
            dtype=model.dtype,
            backend=model.backend,
        )
        self._state = model.initial_state(config.batch_size)
        self._step = 0
        self._tokens = 0
        self._train_loss = self._valid_loss = self._best_loss = float("nan")
        self._seconds = 0.0

    @property
    def progress(self) -> Progress:
        """Where the run stands."""
        return Progress(
            self._step,
            self._tokens,
            self._config.max_tokens,
            self._train_loss,
            self._valid_loss,
            self._best_loss,
            self._learning_rate(),
            self._seconds,
        )

    def run(self) -> Iterator[Progress]:
        """Train to the end; yields after every update, validation included where it is due.

        Closing the iterator, or an interrupt, validates what is there once more, so that the
        best model is on disk.

        Raises
        ------
        LstmMusicError : the gradient is not finite (in the step it arises).
        """
        started = time.monotonic()
        next_validation = self._config.evaluate_every
        try:
            for chunk in self._stream:
                self._update(chunk)
                if self._tokens >= min(next_validation, self._config.max_tokens):
                    self._validate()
                    next_validation += self._config.evaluate_every
                self._seconds = time.monotonic() - started
                yield self.progress
                if self._tokens >= self._config.max_tokens:
                    return
        except (KeyboardInterrupt, GeneratorExit):
            if np.isnan(self._best_loss) and self._tokens:
                self._validate()
            raise

    def _learning_rate(self) -> float:
        done = self._tokens / self._config.max_tokens
        return learning_rate(done, self._config.peak_learning_rate)

    def _update(self, chunk: Chunk) -> None:
        model, config = self._model, self._config
        model.flat_grads[:] = 0
        nll, n_tokens, self._state = model.train_chunk(
            chunk.rows,
            chunk.targets,
            self._state,
            chunk.lengths,
            starts=chunk.starts,
            dropout_key=(config.rng_seed, self._step),
        )
        norm = self._optimiser.step(
            model.flat_params, model.flat_grads, self._learning_rate(), config.clip_norm
        )
        if not np.isfinite(norm):
            raise LstmMusicError(
                f"the gradient norm is {norm} at update {self._step + 1}: nothing was updated; "
                f"try a learning rate below {config.peak_learning_rate}"
            )
        self._step += 1
        self._tokens += n_tokens
        loss = nll / max(n_tokens, 1)
        previous = loss if np.isnan(self._train_loss) else self._train_loss
        self._train_loss = _SMOOTHING * previous + (1 - _SMOOTHING) * loss

    def _validate(self) -> None:
        self._valid_loss = mean_nll(self._model, self._valid, self._config.batch_size)
        if not self._valid_loss >= self._best_loss:  # also when there is no best yet
            self._best_loss = self._valid_loss
            self._keep(self.progress)

    def summary(self) -> dict[str, object]:
        """What the model file records of the run."""
        numbers = asdict(self.progress) | {"valid_nats_per_token": self._best_loss}
        settings = asdict(self._config) | {"learning_rate": self._config.peak_learning_rate}
        return {"settings": settings, **numbers}
