"""What one run trains: a corpus with something held out, a configuration, a model to begin with."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from lstm_music.backends.base import Backend
from lstm_music.backends.registry import get_backend
from lstm_music.corpus.batching.ahead import Ahead
from lstm_music.corpus.batching.batches import ChunkStream
from lstm_music.corpus.batching.masks import MaskChances
from lstm_music.corpus.cache import TokenCache
from lstm_music.corpus.ends import hold_out
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model
from lstm_music.nn.sealed import Sealed
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.training.base import Base
from lstm_music.training.config import TrainConfig
from lstm_music.training.few import configured, most_tokens
from lstm_music.training.forecast.plan import Deadline, Forecast, as_planned, plan, time_to_go_on
from lstm_music.training.forecast.speed import Speed, measure_speed
from lstm_music.training.held_out import kept_tokens, nats_a_note, validation_sequences
from lstm_music.training.team import Team
from lstm_music.types import IntArray


@dataclass(frozen=True)
class Job:
    """What one run trains.

    Parameters
    ----------
    corpus : with something held out.
    config : settings of the run.
    base : the model that it begins with.
    given : the settings that were asked for.
    """

    corpus: TokenCache
    config: TrainConfig
    base: Base | None
    given: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        corpus: TokenCache,
        base: Base | None,
        given: Mapping[str, Any],
        on_note: Callable[[str], None],
    ) -> Job:
        """The job of a corpus as it was read; says what is held out.

        Raises
        ------
        ConfigError : nothing can be held out, or a setting is wrong.
        """
        corpus, line = hold_out(corpus)
        on_note(line)
        config, few = configured(corpus, base, given)
        if few:
            on_note(few)
        return cls(corpus, config, base, given)

    @cached_property
    def valid(self) -> list[tuple[IntArray, IntArray]]:
        """(rows, targets) of what a validation scores."""
        return validation_sequences(self.corpus, mask_chances(self.config))

    def new_model(self, team: Team | None = None) -> LanguageModel:
        """The model before its first update."""
        team = team or Team()
        threads, backend = team.threads(self.config.threads), team.backend(self.config.backend)
        return new_model(replace(self.config, threads=threads, backend=backend), self.base)

    def speed(self, seconds: float, team: Team | None = None) -> Speed:
        """How fast this machine trains and scores it, measured for so many seconds."""
        stream = training_chunks(self.corpus, self.config)
        model = self.new_model(team)
        with model.backend.current():
            return measure_speed(model, stream, self.valid, self.config, seconds, team)

    def fitted(
        self,
        deadline: Deadline,
        checkpoint: Sealed | None,
        team: Team,
        time_limit: float | None,
        on_note: Callable[[str], None],
    ) -> tuple[Job, Forecast, float]:
        """The job that fits into a time, or that was planned when the run began.

        Returns
        -------
        job : with planned settings.
        forecast : what was planned at first.
        time_limit : seconds from now on that training may take.

        Raises
        ------
        ConfigError : the time is too short.
        ModelFileError : the plan of the checkpoint is damaged.
        """
        if checkpoint is not None:
            config = as_planned(self.config, checkpoint)
            forecast = Forecast.of(checkpoint, config, deadline)
            left = time_to_go_on(deadline, forecast)
        else:
            speed = self.speed(deadline.measured_seconds, team)
            scored = sum(len(targets) for _, targets in self.valid) // team.size
            has_base = self.base is not None
            config, forecast = plan(
                self.config,
                self.given,
                speed,
                scored + kept_tokens(self.corpus),
                deadline,
                has_base=has_base,
                most_tokens=most_tokens(self.corpus, has_base=has_base),
            )
            planned = [config.max_tokens, config.evaluate_every] if team.leads else [0, 0]
            tokens, every = team.greatest(planned)
            config = replace(config, max_tokens=tokens, evaluate_every=every)
            forecast = replace(forecast, tokens=tokens, evaluate_every=every)
            left = deadline.left - forecast.end_seconds
            on_note(
                f"for {deadline.seconds:,.0f} seconds: {tokens:,} tokens at "
                f"{speed.trained_per_second:,.0f} a second, a validation every {every:,}"
            )
        limit = max(left, 0.0)
        if time_limit is not None:
            limit = min(limit, time_limit)
        return replace(self, config=config), forecast, limit

    def gain(self, output: str | os.PathLike[str], name: str | os.PathLike[str]) -> str:
        """What training has brought, in one line: nats a note of held-out music before and now.

        A run in which no validation was better than the base has kept the weights of the base.

        Parameters
        ----------
        output : the model file that the run has written.
        name : of the base.
        """
        before = nats_a_note(self.new_model(), self.corpus)
        model, facts = load_model(output)
        line = f"held-out music: {before:.2f} nats a note with {os.fspath(name)}"
        if not facts["training"]["step"]:
            return f"{line}; no validation was better, so its weights are kept"
        share = facts["training"].get("base_share", 0)
        mixed = f" (its weights mixed in: {share:.0%})" if share else ""
        return f"{line}{mixed}, {nats_a_note(model, self.corpus):.2f} now"


def backend_of(config: TrainConfig) -> Backend:
    """What a configuration computes on; BackendError where this machine has no such thing."""
    return get_backend(config.backend, n_threads=config.threads, precision=config.precision)


def new_model(config: TrainConfig, base: Base | None = None) -> LanguageModel:
    """The network of a configuration, its weights random or those of ``base``."""
    sizes = config.model_config(DEFAULT.n_rows, DEFAULT.n_tokens, DEFAULT.n_streams)
    backend = backend_of(config)
    model = LanguageModel.create(sizes, config.rng_seed, backend=backend)
    if base is not None:
        model.flat_params[:] = backend.to_device(base.weights)
    return model


def training_chunks(corpus: TokenCache, config: TrainConfig) -> Ahead:
    """What a configuration has of a corpus to train on, endlessly."""
    stream = ChunkStream(
        corpus,
        batch_size=config.batch_size,
        chunk_length=config.chunk_steps or None,
        rng_seed=config.rng_seed,
        balance=config.balance,
        straight_drums=config.straight_drums,
        masks=mask_chances(config),
    )
    return Ahead(stream)


def mask_chances(config: TrainConfig) -> MaskChances | None:
    """How often parts of a piece are given; None: never, and nothing is wished."""
    return MaskChances.of(config.infill) if config.infill else None
