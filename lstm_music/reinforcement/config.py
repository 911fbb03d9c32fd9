"""Settings of a tuning run, and where such a run stands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter

MOST_UPDATES = 1 << 30


@dataclass(frozen=True, slots=True)
class TuneConfig:
    """What a tuning run is like.

    Parameters
    ----------
    updates : steps of the optimiser, 1 or more.
    batch_size : pieces drawn for each, 2 or more: each is held against the others.
    bars : full bars of each piece, 1..64.
    temperature : the policy's, 0.1..10; 1 as trained.
    learning_rate : of Adam.
    clip_norm : a longer gradient is shortened to this length.
    kl_target : nats a note by which the policy may move away; the weight of the KL term follows.
    kl_weight : that weight at the start, reward a nat.
    style, key, meter : of all pieces; None: the model that the run begins with chooses for each.
    measured_pieces : drawn before and after the run to tell what it has brought, 2 or more.
    rng_seed : of all that is drawn.
    threads : of the gradient; None: one a core. Never changes the result.

    Raises
    ------
    ConfigError : a setting is out of range.
    """

    updates: int = 200
    batch_size: int = 32
    bars: int = 8
    temperature: float = 1.0
    learning_rate: float = 3e-4
    clip_norm: float = 1.0
    kl_target: float = 0.1
    kl_weight: float = 0.02
    style: str | None = None
    key: str | None = None
    meter: str | None = None
    measured_pieces: int = 64
    rng_seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        _check_whole("updates", self.updates, 1, MOST_UPDATES)
        _check_whole("batch_size", self.batch_size, 2, 4096)
        _check_whole("bars", self.bars, 1, 64)
        _check_whole("measured_pieces", self.measured_pieces, 2, 4096)
        _check_whole("rng_seed", self.rng_seed, 0, (1 << 63) - 1)
        if self.threads is not None:
            _check_whole("threads", self.threads, 1, 1024)
        _check_number("temperature", self.temperature, 0.1, 10.0)
        for name in ("learning_rate", "clip_norm", "kl_target", "kl_weight"):
            _check_number(name, getattr(self, name), 1e-12, 1e12)
        if self.key is not None:
            Key.parse(self.key)
        if self.meter is not None:
            Meter.parse(self.meter)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> TuneConfig:
        """The configuration of settings from outside.

        Raises
        ------
        ConfigError : there is no such setting, or one is out of range.
        """
        known = {field.name for field in fields(cls)}
        for name in settings:
            if name not in known:
                raise ConfigError(f"unknown setting {name!r}; known are {', '.join(sorted(known))}")
        return cls(**settings)


def _check_whole(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfigError(f"{name} must be a whole number in {least}..{most}, got {value!r}")


def _check_number(name: str, value: object, least: float, most: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not least <= float(value) <= most:  # type: ignore[arg-type]  # just checked
        raise ConfigError(f"{name} must be a number in {least:g}..{most:g}, got {value!r}")


@dataclass(frozen=True, slots=True)
class TuneProgress:
    """Where a run stands after an update; means over the pieces of that update.

    Parameters
    ----------
    step, updates : done, and to be done.
    tokens : drawn so far.
    total : weighted sum of the rewards.
    rewards : name -> reward, not weighted.
    kl_nats_per_note : divergence of the policy from the model that the run began with.
    kl_weight : of the KL term in this update.
    gradient_norm : before it was shortened.
    notes_per_piece : in this update.
    """

    step: int = 0
    updates: int = 0
    tokens: int = 0
    total: float = math.nan
    rewards: Mapping[str, float] | None = None
    kl_nats_per_note: float = math.nan
    kl_weight: float = math.nan
    gradient_norm: float = math.nan
    notes_per_piece: float = math.nan
