"""The training loop: chunks in, gradient, clip, update; validate; keep the best."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import islice
from operator import index
from typing import Any

import numpy as np

from lstm_music.corpus.batching.ahead import Chunks
from lstm_music.corpus.batching.batches import Chunk
from lstm_music.errors import LstmMusicError, ModelFileError
from lstm_music.nn.model import LanguageModel, State
from lstm_music.nn.optim import make_optimiser
from lstm_music.nn.parameters import weight_slices
from lstm_music.nn.scoring import sequence_nll
from lstm_music.training.config import FREE, TrainConfig
from lstm_music.training.interrupt import Interrupt
from lstm_music.training.mixtures import mixtures
from lstm_music.training.progress import Losses, Progress, without_nan
from lstm_music.training.schedule import rate_share
from lstm_music.training.team import Team
from lstm_music.types import FloatArray, IntArray, Params

Tensor = Callable[[str, tuple[int, ...]], FloatArray]
"""Gives the array of a name and shape."""

_SMOOTHING = 0.98

_MOST_LOSS = 1000.0
"""Nats a token, a hundred times a guess: no run comes back from there."""


class Trainer:
    """Train a model by BPTT, whole or truncated with carried state.

    Parameters
    ----------
    model : trained in place.
    stream : training chunks, endless.
    valid : held-out sequences, each (rows (N, S) int32, targets (N,) int32).
    config : settings.
    keep : called with a model and its `summary` if its validation loss is the best so far; it
        saves.
    interrupt : holds signals back while what belongs together changes; None: none are handled.
    team : the processes that share the batch; None: this one alone.
    base : weights that the run begins with, if they are something already: the model is scored
        before the first update, and stays the best until there is a better one. At the end,
        mixtures of these weights and the last ones are scored, too.

    Attributes
    ----------
    is_whole : whether `state` is that between two updates. A KeyboardInterrupt that nobody holds
        back may leave it between two halves of one.
    """

    def __init__(
        self,
        model: LanguageModel,
        stream: Chunks,
        valid: list[tuple[IntArray, IntArray]],
        config: TrainConfig,
        keep: Callable[[LanguageModel, dict[str, Any]], None],
        interrupt: Interrupt | None = None,
        team: Team | None = None,
        *,
        base: FloatArray | None = None,
    ) -> None:
        self._interrupt = interrupt or Interrupt()
        self.is_whole = True
        self._team = team or Team()
        self._rows = self._team.rows(config.batch_size)
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
        self._state = model.initial_state(self._rows.stop - self._rows.start)
        self._step = 0
        self._tokens = 0
        self._next_validation = config.evaluate_every
        self._losses = Losses()
        self._base = base
        self._validated_at = 0 if base is None else -1  # step
        self._settled = self._stream.cursor()

    @property
    def progress(self) -> Progress:
        """Where the run stands."""
        return Progress(
            self._step,
            self._tokens,
            self._config.max_tokens,
            self._losses.train,
            self._losses.valid,
            self._losses.best,
            self._learning_rate(),
            self._losses.gradient_norm,
            self._validated_at == self._step,
        )

    @property
    def is_done(self) -> bool:
        """All tokens are used, or no new best has come for too long."""
        return self._tokens >= self._config.max_tokens or self.is_out_of_patience

    @property
    def is_out_of_patience(self) -> bool:
        """No new best has come for too long."""
        return 0 < self._config.stop_after <= self._losses.since_best

    def run(self) -> Iterator[Progress]:
        """Train to the end; yields after every update, validation included where it is due.

        Raises
        ------
        LstmMusicError : loss, gradient or weights are not finite any more (in the update in which
            that arises).
        """
        while self._is_due or not self.is_done:
            # A run that was cut off before a validation begins with it.
            if not self._is_due:
                self.update(self._next_chunks())
            if self._is_due:
                self.validate()
            yield self.progress
        self.try_mixtures()

    @property
    def _is_due(self) -> bool:
        wanted = min(self._next_validation, self._config.max_tokens) if self._step else 0
        return self._tokens >= wanted and self._validated_at < self._step

    def _learning_rate(self) -> float:
        config = self._config
        done = self._tokens / config.max_tokens
        share = rate_share(config.schedule, done, config.warmup, self._losses.plateaus)
        return config.peak_learning_rate * share

    def end_at(self, max_tokens: int) -> None:
        """Train on so many tokens in all; the schedule comes to its end there."""
        self._config = replace(self._config, max_tokens=max_tokens)

    def _next_chunks(self) -> list[Chunk]:
        """What the next update learns from."""
        return list(islice(self._stream, self._config.accumulate))

    def update(self, chunks: list[Chunk]) -> None:
        """Learn from these chunks together, without a validation.

        Raises
        ------
        LstmMusicError : loss, gradient or weights are not finite any more.
        """
        model, config = self._model, self._config
        model.flat_grads[:] = 0
        n_targets = sum(chunk.n_targets for chunk in chunks)
        n_tokens = sum(chunk.n_tokens for chunk in chunks)
        sum_nll, state = 0.0, self._state
        for i, chunk in enumerate(chunks):
            nll, _, state = model.train_chunk(
                chunk.rows[:, self._rows],
                np.ascontiguousarray(chunk.targets[:, self._rows]),
                state,
                chunk.lengths[self._rows],
                starts=chunk.starts[self._rows],
                dropout_key=(config.rng_seed, self._step * config.accumulate + i),
                mean_over=n_targets,
                label_smoothing=config.label_smoothing,
                part=(self._rows.start, config.batch_size) if self._team.size > 1 else None,
            )
            sum_nll += nll
        self._team.add_where_it_lies(model.flat_grads, model.backend)
        (sum_nll,) = self._team.total([sum_nll])
        loss = sum_nll / max(n_targets, 1)
        self._check("loss", loss, self._step + 1, _MOST_LOSS)
        with self._changing():
            norm = self._optimiser.step(
                model.flat_params, model.flat_grads, self._learning_rate(), config.clip_norm
            )
            self._check("gradient norm", norm, self._step + 1)
            self._settle(loss, norm, n_tokens, state)

    def _settle(self, loss: float, norm: float, n_tokens: int, state: State) -> None:
        """Count an update that has been made; called while `_changing`."""
        weights = self._model.backend.norm(self._model.flat_params)
        self._check("norm of the weights", weights, self._step + 1)
        self._step += 1
        self._tokens += n_tokens
        self._state = state
        self._settled = self._stream.cursor()
        before = loss if math.isnan(self._losses.train) else self._losses.train
        train = _SMOOTHING * before + (1 - _SMOOTHING) * loss
        self._losses = replace(self._losses, train=train, gradient_norm=norm)

    def _check(self, what: str, value: float, step: int, most: float = sys.float_info.max) -> None:
        """Refuse to go on with a number that shows that the run is lost."""
        if not value <= most:  # also NaN
            raise LstmMusicError(
                f"the {what} is {value:.4g} at update {step}: the run has diverged, and "
                "would again from its last checkpoint. Begin anew (force=True) with a learning "
                f"rate below {self._config.peak_learning_rate:g}; the best model so far, if there "
                "is one, is whole, and another run may begin with it (--from)"
            )

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """A stretch in which no signal raises, and from which an error leaves no whole state."""
        with self._interrupt.held():
            self.is_whole = False
            yield
            self.is_whole = True

    def validate(self) -> None:
        """Score the held-out music; keep the model if it is the best so far."""
        valid = self._validation_loss(self._model)
        self._check("validation loss", valid, self._step, _MOST_LOSS)
        with self._changing():
            is_best = not valid >= self._losses.best  # also when there is no best yet
            self._losses = self._losses.after(valid, is_best)
            self._next_validation += self._config.evaluate_every if self._step else 0
            self._validated_at = self._step
            if is_best:
                self._keep(self._model, self.summary())

    def _validation_loss(self, model: LanguageModel) -> float:
        """Nats a token of the held-out music."""
        mine = self._valid[self._team.rank :: self._team.size]
        scores = sequence_nll(model, mine, self._config.batch_size)
        n_mine = sum(int(np.count_nonzero(targets >= 0)) for _, targets in mine)
        sums = [sum(float(score.sum()) for score in scores), n_mine]
        nats, n_targets = self._team.total(sums)
        return nats / n_targets

    def try_mixtures(self) -> None:
        """Score mixtures with the base, from the nearest to the last weights on, as long as they
        get better; keep the best of all.
        """
        before = self._losses.valid
        if self._base is None or not self._tokens:
            return
        for share, mixed in mixtures(self._model, self._base):
            valid = self._validation_loss(mixed)
            if not valid < before:
                return
            before = valid
            with self._changing():
                if valid < self._losses.best:
                    self._losses = replace(self._losses, best=valid)
                    self._keep(mixed, self.summary() | {"base_share": share})

    def summary(self) -> dict[str, Any]:
        """What the model file records of the run: nothing that another run would not repeat."""
        numbers = asdict(self.progress) | {"valid_nats_per_token": self._losses.best}
        settings = asdict(self._config) | {"learning_rate": self._config.peak_learning_rate}
        for name in FREE:
            del settings[name]
        del numbers["validated"]
        return {"settings": settings, **without_nan(numbers)}

    def state(self) -> tuple[Params, dict[str, Any]]:
        """All that a resume needs: arrays by name, and JSON values; whole at the leader."""
        get = self._model.backend.to_host
        arrays: Params = {"params": get(self._model.flat_params)}
        arrays |= {f"state.{i}": self._team.join(get(x)) for i, x in enumerate(self._state)}
        memory, remembered = self._memory()
        facts = {
            **remembered,
            "step": self._step,
            "tokens": self._tokens,
            "next_validation": self._next_validation,
            "validated_at": self._validated_at,
            "losses": without_nan(asdict(self._losses)),
            "cursor": self._settled,
        }
        return arrays | memory, facts

    def _memory(self) -> tuple[Params, dict[str, Any]]:
        """What the method of learning remembers: arrays by name, and JSON values."""
        optimiser = self._optimiser.state()
        arrays = {f"optimiser.{n}": a for n, a in optimiser.items() if n != "steps"}
        return arrays, {"optimiser_steps": int(optimiser["steps"])}

    def _restore_memory(self, arrays: Tensor, facts: Mapping[str, Any]) -> None:
        """Remember what `_memory` gave."""
        shape = self._model.flat_params.shape
        names = [name for name in self._optimiser.state() if name != "steps"]
        memory = {name: arrays(f"optimiser.{name}", shape) for name in names}
        steps = np.array(index(facts["optimiser_steps"]), np.int64)
        self._optimiser.load_state({**memory, "steps": steps})

    def restore(self, arrays: Tensor, facts: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken, bit for bit.

        Parameters
        ----------
        arrays : gives the array of a name and shape.
        facts : the JSON values.

        Raises
        ------
        ModelFileError : something is missing or does not fit.
        """
        shapes = {"params": self._model.flat_params.shape}
        batch = self._model.initial_state(self._config.batch_size)
        shapes |= {f"state.{i}": layer.shape for i, layer in enumerate(batch)}
        found = {name: _finite(arrays, name, shape) for name, shape in shapes.items()}
        try:
            self._restore_memory(lambda name, shape: _finite(arrays, name, shape), facts)
            self._stream.restore(facts["cursor"])
            self._step, self._tokens = index(facts["step"]), index(facts["tokens"])
            self._next_validation = index(facts["next_validation"])
            self._validated_at = index(facts["validated_at"])
            self._settled = facts["cursor"]
            numbers: dict[str, Any] = {
                n: math.nan if x is None else +x for n, x in facts["losses"].items()
            }
            self._losses = Losses(**numbers)
        except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise ModelFileError(f"damaged: the run's state does not fit ({error!r})") from None
        put = self._model.backend.to_device
        self._model.flat_params[:] = put(found["params"])
        whole = [found[f"state.{i}"] for i in range(len(self._state))]
        self._state = [put(np.ascontiguousarray(layer[:, self._rows])) for layer in whole]


def _finite(arrays: Tensor, name: str, shape: tuple[int, ...]) -> FloatArray:
    """An array of a checkpoint.

    Raises
    ------
    ModelFileError : it is missing, of another shape, or not all numbers.
    """
    array = arrays(name, shape)
    if not np.isfinite(array).all():
        raise ModelFileError(f"damaged: {name} holds NaN or infinity")
    return array
