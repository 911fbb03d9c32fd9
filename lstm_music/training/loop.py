"""The training loop: chunks in, gradient, clip, update; validate; keep the best."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from lstm_music.corpus.batches import Chunk, ChunkStream
from lstm_music.errors import LstmMusicError, ModelFileError
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.optim import make_optimiser
from lstm_music.nn.parameters import weight_slices
from lstm_music.nn.scoring import sequence_nll
from lstm_music.training.config import TrainConfig
from lstm_music.training.schedule import PLATEAU_PATIENCE, rate_share
from lstm_music.training.team import Team
from lstm_music.types import FloatArray, IntArray, Params

_SMOOTHING = 0.98


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands; losses in nats a token, NaN before the first.

    ``validated`` says that this update was followed by a validation.
    """

    step: int
    tokens: int
    max_tokens: int
    train_loss: float
    valid_loss: float
    best_loss: float
    learning_rate: float
    gradient_norm: float
    validated: bool


@dataclass(frozen=True, slots=True)
class _Losses:
    """What the run remembers of its losses."""

    train: float = math.nan
    valid: float = math.nan
    best: float = math.nan
    since_best: int = 0  # validations
    plateaus: int = 0

    def after(self, valid: float, is_best: bool) -> _Losses:
        """The same after a validation."""
        if is_best:
            return replace(self, valid=valid, best=valid, since_best=0)
        since = self.since_best + 1
        plateaus = self.plateaus + (since % PLATEAU_PATIENCE == 0)
        return replace(self, valid=valid, since_best=since, plateaus=plateaus)


class Trainer:
    """Train a model by BPTT, whole or truncated with carried state.

    Parameters
    ----------
    model : trained in place.
    stream : training chunks, endless.
    valid : held-out sequences, each (rows (N, S) int32, targets (N,) int32).
    config : settings.
    keep : called with the `summary` whenever the validation loss is the best so far; it saves.
    held : context in which no signal may raise: what changes together is changed under it, so
        that `state` is always that between two updates.
    team : the processes that share the batch; None: this one alone.
    """

    def __init__(
        self,
        model: LanguageModel,
        stream: ChunkStream,
        valid: list[tuple[IntArray, IntArray]],
        config: TrainConfig,
        keep: Callable[[dict[str, Any]], None],
        held: Callable[[], AbstractContextManager[object]] = nullcontext,
        team: Team | None = None,
    ) -> None:
        self._held = held
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
        self._losses = _Losses()
        self._norm = math.nan
        self._validated_at = 0  # step
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
            self._norm,
            self._validated_at == self._step,
        )

    @property
    def is_done(self) -> bool:
        """All tokens are used, or no new best has come for too long."""
        patience = self._config.stop_after
        out_of_patience = 0 < patience <= self._losses.since_best
        return self._tokens >= self._config.max_tokens or out_of_patience

    def run(self) -> Iterator[Progress]:
        """Train to the end; yields after every update, validation included where it is due.

        Raises
        ------
        LstmMusicError : the gradient is not finite (in the step it arises).
        """
        while self._is_due or not self.is_done:
            # A run that was cut off before a validation begins with it.
            if not self._is_due:
                self._update(list(islice(self._stream, self._config.accumulate)))
            if self._is_due:
                self.validate()
            yield self.progress

    @property
    def _is_due(self) -> bool:
        wanted = min(self._next_validation, self._config.max_tokens)
        return self._tokens >= wanted and self._validated_at < self._step

    def _learning_rate(self) -> float:
        config = self._config
        done = self._tokens / config.max_tokens
        share = rate_share(config.schedule, done, config.warmup, self._losses.plateaus)
        return config.peak_learning_rate * share

    def _update(self, chunks: list[Chunk]) -> None:
        model, config = self._model, self._config
        model.flat_grads[:] = 0
        n_targets = sum(chunk.n_targets for chunk in chunks)
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
        self._team.add(model.flat_grads)
        (sum_nll,) = self._team.total([sum_nll])
        loss = sum_nll / max(n_targets, 1)
        with self._held():
            self._norm = self._optimiser.step(
                model.flat_params, model.flat_grads, self._learning_rate(), config.clip_norm
            )
            if not math.isfinite(self._norm):
                raise LstmMusicError(
                    f"the gradient norm is {self._norm} at update {self._step + 1}: nothing was "
                    f"updated; try a learning rate below {config.peak_learning_rate}"
                )
            self._step += 1
            self._tokens += n_targets
            self._state = state
            self._settled = self._stream.cursor()
            before = loss if math.isnan(self._losses.train) else self._losses.train
            train = _SMOOTHING * before + (1 - _SMOOTHING) * loss
            self._losses = replace(self._losses, train=train)

    def validate(self) -> None:
        """Score the held-out music; keep the model if it is the best so far."""
        mine = self._valid[self._team.rank :: self._team.size]
        scores = sequence_nll(self._model, mine, self._config.batch_size)
        sums = [sum(float(score.sum()) for score in scores), sum(map(len, scores))]
        nats, n_targets = self._team.total(sums)
        valid = nats / n_targets
        with self._held():
            is_best = not valid >= self._losses.best  # also when there is no best yet
            self._losses = self._losses.after(valid, is_best)
            self._next_validation += self._config.evaluate_every
            self._validated_at = self._step
            if is_best:
                self._keep(self.summary())

    def summary(self) -> dict[str, Any]:
        """What the model file records of the run: nothing that another run would not repeat."""
        numbers = asdict(self.progress) | {"valid_nats_per_token": self._losses.best}
        settings = asdict(self._config) | {"learning_rate": self._config.peak_learning_rate}
        del settings["threads"], numbers["validated"]
        return {"settings": settings, **numbers}

    def state(self) -> tuple[Params, dict[str, Any]]:
        """All that a resume needs: arrays by name, and JSON values; whole at the leader."""
        optimiser = self._optimiser.state()
        arrays: Params = {"params": self._model.flat_params}
        arrays |= {f"state.{i}": self._team.join(layer) for i, layer in enumerate(self._state)}
        arrays |= {f"optimiser.{n}": a for n, a in optimiser.items() if n != "steps"}
        facts = {
            "optimiser_steps": int(optimiser["steps"]),
            "step": self._step,
            "tokens": self._tokens,
            "next_validation": self._next_validation,
            "validated_at": self._validated_at,
            "losses": without_nan(asdict(self._losses)),
            "cursor": self._settled,
        }
        return arrays, facts

    def restore(
        self, arrays: Callable[[str, tuple[int, ...]], FloatArray], facts: Mapping[str, Any]
    ) -> None:
        """Go on from where `state` was taken, bit for bit.

        Parameters
        ----------
        arrays : gives the array of a name and shape.
        facts : the JSON values.

        Raises
        ------
        ModelFileError : something is missing or does not fit.
        """
        wanted, _ = self.state()
        batch = self._model.initial_state(self._config.batch_size)
        shapes = {name: array.shape for name, array in wanted.items()}
        shapes |= {f"state.{i}": layer.shape for i, layer in enumerate(batch)}
        found = {name: arrays(name, shape) for name, shape in shapes.items()}
        try:
            memory = {n.removeprefix("optimiser."): a for n, a in found.items() if "optimiser" in n}
            steps = np.array(facts["optimiser_steps"], np.int64)
            self._optimiser.load_state({**memory, "steps": steps})
            self._stream.restore(facts["cursor"])
            self._step, self._tokens = int(facts["step"]), int(facts["tokens"])
            self._next_validation = int(facts["next_validation"])
            self._validated_at = int(facts["validated_at"])
            self._settled = facts["cursor"]
            numbers: dict[str, Any] = {
                n: math.nan if x is None else x for n, x in facts["losses"].items()
            }
            self._losses = _Losses(**numbers)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ModelFileError(f"damaged: the run's state does not fit ({error!r})") from None
        self._model.flat_params[:] = found["params"]
        whole = [found[f"state.{i}"] for i in range(len(self._state))]
        self._state = [np.ascontiguousarray(layer[:, self._rows]) for layer in whole]


def without_nan(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The same with None for NaN, which JSON does not know."""
    return {
        name: None if isinstance(x, float) and math.isnan(x) else x for name, x in numbers.items()
    }
