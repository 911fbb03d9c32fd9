"""``--for 10m``: how many tokens and validations fit into a time."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from lstm_music.errors import ConfigError, ModelFileError
from lstm_music.nn.sealed import Sealed
from lstm_music.training.config import TrainConfig
from lstm_music.training.forecast.speed import Speed
from lstm_music.training.settings import make_config

PLANNED = ("max_tokens", "evaluate_every")
"""The settings that a plan decides."""

_USED = 0.92
"""Share of the time that is planned; the rest is for a machine that gets slower."""

_ROOM = 1.2
"""A time that is said to be enough is so much more than what was measured."""

_VALIDATION_SHARE = 0.2
_MOST_VALIDATIONS = 20
_END_SECONDS = 2.0
"""For the picture of the losses, and for saving."""

_END_SHARE = 0.1
"""Saving takes this share of the time at most; so does the end of a run that says nothing."""

_END_VALIDATIONS = 2
"""Of a run with a base, scoring a mixture with it and the last line takes as long as so many."""

_SECOND_MIXTURE_SHARE = 0.1
"""Scoring a second mixture may take this share of the time that is left for training at most."""

MEASURED_SHARE = 0.05
MOST_MEASURED_SECONDS = 5.0


class Deadline:
    """A time that a run has, counted from when this is made.

    Parameters
    ----------
    seconds : the time.

    Raises
    ------
    ConfigError : it is no time.
    """

    def __init__(self, seconds: float) -> None:
        if not 0.0 < seconds < math.inf:
            raise ConfigError(f"the time to train for must be above 0 seconds, got {seconds}")
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self._end - time.monotonic()

    @property
    def measured_seconds(self) -> float:
        """How long to measure the speed."""
        return min(MEASURED_SHARE * self.seconds, MOST_MEASURED_SECONDS)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run was to have when it was planned: it keeps that when it goes on.

    Parameters
    ----------
    tokens : in all.
    evaluate_every : tokens between two validations.
    end_seconds : the last validation and what comes after it take so long.
    """

    tokens: int
    evaluate_every: int
    end_seconds: float

    @classmethod
    def of(cls, checkpoint: Sealed, config: TrainConfig, deadline: Deadline) -> Forecast:
        """That of a run; a version that kept none had what the configuration says.

        Raises
        ------
        ModelFileError : damaged.
        """
        told = checkpoint.facts.get("forecast")
        if told is None:
            return cls(config.max_tokens, config.evaluate_every, _END_SHARE * deadline.seconds)
        try:
            return cls(int(told["tokens"]), int(told["evaluate_every"]), float(told["end_seconds"]))
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            raise ModelFileError(f"damaged: the run's plan does not fit ({error!r})") from None


def plan(
    config: TrainConfig,
    given: Mapping[str, Any],
    speed: Speed,
    scored_tokens: int,
    deadline: Deadline,
    *,
    has_base: bool,
    most_tokens: float = math.inf,
) -> tuple[TrainConfig, Forecast]:
    """The configuration with as many tokens and validations as fit.

    A fifth of the time at most is for validations: twenty of them, or as many as that allows.

    Parameters
    ----------
    config : settings of the run.
    given : the settings that were asked for; ``evaluate_every`` among them is kept.
    speed : of this configuration.
    scored_tokens : of one validation, and of what is scored to keep its model.
    deadline : when all must be done.
    has_base : whether the base is scored, before training and for the last line, and in the end
        mixtures with it.
    most_tokens : more are not planned, however much time there is.

    Returns
    -------
    config : with `PLANNED` settings.
    forecast : the same, and how long the end takes.

    Raises
    ------
    ConfigError : there is too little time.
    """
    validation = scored_tokens / speed.scored_per_second
    end = min(_END_SECONDS, _END_SHARE * deadline.seconds)
    end += _END_VALIDATIONS * has_base * validation
    left = _USED * (deadline.left - end) - has_base * validation  # it is scored at first
    least = speed.update_tokens / speed.trained_per_second + validation
    if left < least:
        passed = deadline.seconds - deadline.left
        needed = passed + end + (least + has_base * validation) / _USED
        raise ConfigError(
            f"{deadline.seconds:,.0f} seconds are too few: reading the music and measuring took "
            f"{passed:,.1f}, one update and validations take {needed - passed:,.1f}; give at least "
            f"{_ROOM * needed:,.0f} seconds (--for)"
        )
    left -= has_base * min(validation, _SECOND_MIXTURE_SHARE * left)
    n = int(min(max(_VALIDATION_SHARE * left / max(validation, 1e-9), 1), _MOST_VALIDATIONS))
    if "evaluate_every" in given:
        every = config.evaluate_every
        tokens = (left - validation) / (1 / speed.trained_per_second + validation / every)
        tokens = int(max(min(tokens, most_tokens), 1))
    else:
        tokens = (left - n * validation) * speed.trained_per_second
        tokens = int(max(min(tokens, most_tokens), 1))
        every = math.ceil(tokens / n)
    planned = replace(config, max_tokens=tokens, evaluate_every=every)
    return planned, Forecast(tokens, every, end + validation)


def refuse_tokens(given: Mapping[str, Any]) -> None:
    """Refuse a time beside a number of tokens.

    Raises
    ------
    ConfigError : both are given.
    """
    if "max_tokens" in given:
        raise ConfigError(
            "a time to train for decides how many tokens there are: leave out max_tokens, or "
            "give it alone, with --time-limit if you like"
        )


def as_planned(config: TrainConfig, checkpoint: Sealed) -> TrainConfig:
    """The configuration with the plan that a run began with.

    Raises
    ------
    ConfigError : what the checkpoint says is no plan.
    """
    before = checkpoint.facts.get("settings")
    before = before if isinstance(before, dict) else {}
    return make_config(asdict(config) | {n: before[n] for n in PLANNED if n in before})


def time_to_go_on(deadline: Deadline, forecast: Forecast) -> float:
    """Seconds that a run may train when it goes on."""
    return _USED * (deadline.left - forecast.end_seconds)
