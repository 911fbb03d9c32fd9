"""``--for 10m``: how many tokens and validations fit into a time."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.nn.sealed import Sealed
from lstm_music.training.config import TrainConfig
from lstm_music.training.forecast.speed import Speed
from lstm_music.training.settings import make_config

PLANNED = ("max_tokens", "evaluate_every")
"""The settings that a plan decides."""

_USED = 0.92
"""Share of the time that is planned; the rest is for a machine that gets slower."""

_VALIDATION_SHARE = 0.2
_MOST_VALIDATIONS = 20
_END_SECONDS = 2.0
"""For the picture of the losses, and for saving."""

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


def plan(
    config: TrainConfig,
    given: Mapping[str, Any],
    speed: Speed,
    scored_tokens: int,
    deadline: Deadline,
    *,
    has_base: bool,
    most_tokens: float = math.inf,
) -> tuple[TrainConfig, float]:
    """The configuration with as many tokens and validations as fit.

    A fifth of the time at most is for validations: twenty of them, or as many as that allows.

    Parameters
    ----------
    config : settings of the run.
    given : the settings that were asked for; ``evaluate_every`` among them is kept.
    speed : of this configuration.
    scored_tokens : of one validation, and of what is scored to keep its model.
    deadline : when all must be done.
    has_base : whether the base is scored, before training and for the last line, and in the end a
        mixture with it.
    most_tokens : more are not planned, however much time there is.

    Returns
    -------
    config : with `PLANNED` settings.
    end_seconds : the last validation and what comes after it take so long.

    Raises
    ------
    ConfigError : no time is left, or the tokens are given too.
    """
    validation = scored_tokens / speed.scored_per_second
    end_seconds = min(_END_SECONDS, 0.1 * deadline.seconds) + 2 * has_base * validation
    left = _USED * (deadline.left - end_seconds) - has_base * validation  # it is scored at first
    least = speed.update_tokens / speed.trained_per_second + validation
    if left < least:
        raise ConfigError(
            f"{deadline.seconds:,.0f} seconds are too few: reading the music and measuring took "
            f"{deadline.seconds - deadline.left:,.1f}, one update and validations take "
            f"{least + end_seconds + has_base * validation:,.1f}: give more time (--for)"
        )
    n = int(min(max(_VALIDATION_SHARE * left / max(validation, 1e-9), 1), _MOST_VALIDATIONS))
    if "evaluate_every" in given:
        a_token = 1 / speed.trained_per_second + validation / config.evaluate_every
        tokens = int(max(min((left - validation) / a_token, most_tokens), 1))
        return replace(config, max_tokens=tokens), end_seconds + validation
    tokens = int(max(min((left - n * validation) * speed.trained_per_second, most_tokens), 1))
    return replace(
        config, max_tokens=tokens, evaluate_every=math.ceil(tokens / n)
    ), end_seconds + validation


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
