"""How far a run is, as it is told and as it is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lstm_music.training.schedule import PLATEAU_PATIENCE


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
class Losses:
    """What the run remembers of its losses, and the norm of its last gradient."""

    train: float = math.nan
    valid: float = math.nan
    best: float = math.nan
    since_best: int = 0  # validations
    plateaus: int = 0
    gradient_norm: float = math.nan

    def after(self, valid: float, is_best: bool) -> Losses:
        """The same after a validation."""
        if is_best:
            return replace(self, valid=valid, best=valid, since_best=0)
        since = self.since_best + 1
        plateaus = self.plateaus + (since % PLATEAU_PATIENCE == 0)
        return replace(self, valid=valid, since_best=since, plateaus=plateaus)


def without_nan(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The same with None for NaN, which JSON does not know."""
    return {
        name: None if isinstance(x, float) and math.isnan(x) else x for name, x in numbers.items()
    }
