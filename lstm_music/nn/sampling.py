"""How the next token is drawn from the network's probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lstm_music.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Sampling:
    """Settings of one draw, applied in this order.

    Parameters
    ----------
    temperature : logits are divided by it; > 0, 1 = as trained, lower = safer.
    top_k : keep the k likeliest tokens; 0 = all.
    top_p : keep the likeliest tokens that together hold this share (Holtzman et al. 2020); (0, 1].
    min_p : drop tokens less likely than this share of the likeliest; [0, 1).
    """

    temperature: float = 0.9
    top_k: int = 0
    top_p: float = 0.95
    min_p: float = 0.0

    def __post_init__(self) -> None:
        for name, value, good, range_ in (
            ("temperature", self.temperature, 1e-3 <= self.temperature <= 100.0, "0.001..100"),
            ("top_k", self.top_k, self.top_k >= 0, "0 (all) or more"),
            ("top_p", self.top_p, 0.0 < self.top_p <= 1.0, "above 0, at most 1"),
            ("min_p", self.min_p, 0.0 <= self.min_p < 1.0, "0 or more, below 1"),
        ):
            if not good:  # also catches NaN
                raise ConfigError(f"{name} must be {range_}, got {value}")

    def but(self, **settings: Any) -> Sampling:
        """The same with other settings; None leaves one as it is."""
        return replace(self, **{name: x for name, x in settings.items() if x is not None})


def recommended(data_card: Mapping[str, Any]) -> Sampling:
    """The settings that a model's data card asks for in its table ``sampling``, if it has one.

    Parameters
    ----------
    data_card : ``{"sampling": {"temperature": 1.0, ...}, ...}``; what it leaves out is as usual.

    Raises
    ------
    ConfigError : the table is no such settings.
    """
    table = data_card.get("sampling", {})
    try:
        return Sampling(**table)
    except (TypeError, ConfigError) as error:
        raise ConfigError(f"the data card's sampling {table!r} cannot be used: {error}") from None
