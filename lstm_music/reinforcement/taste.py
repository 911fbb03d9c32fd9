"""A taste: rewards of the table or of the user's own, each with its weight."""

from __future__ import annotations

import difflib
import importlib.util
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.music.piece import Piece
from lstm_music.reinforcement.rewards import REWARDS

RewardFunction = Callable[[Piece], float]


@dataclass(frozen=True)
class Taste:
    """What pieces are to be like.

    Parameters
    ----------
    weights : name -> weight, above or below 0. A reward below 0 is a penalty.
    functions : name -> function of a piece.
    """

    weights: Mapping[str, float]
    functions: Mapping[str, RewardFunction]

    @classmethod
    def of(cls, rewards: Mapping[str | RewardFunction, float]) -> Taste:
        """A taste from what a user names.

        Parameters
        ----------
        rewards : ``{"in_key": 1.0, "density:8": 0.5, "my_file.py:my_function": 1.0, function: 1}``.

        Raises
        ------
        ConfigError : none, one that does not exist, or a weight that is no number.
        """
        if not rewards:
            raise ConfigError(f"no reward is given; there is {', '.join(REWARDS)}")
        weights: dict[str, float] = {}
        functions: dict[str, RewardFunction] = {}
        for key, weight in rewards.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float):
                raise ConfigError(f"the weight of a reward must be a number, got {weight!r}")
            if not math.isfinite(weight) or weight == 0:
                raise ConfigError(f"the weight of a reward must not be {weight}; leave it out")
            name = key if isinstance(key, str) else getattr(key, "__name__", repr(key))
            functions[name] = _function(key) if isinstance(key, str) else key
            weights[name] = float(weight)
        return cls(weights, functions)

    def scores(self, piece: Piece) -> dict[str, float]:
        """Each reward of a piece, not weighted.

        Raises
        ------
        ConfigError : a function of the user's fails, or returns no finite number.
        """
        return {name: _score(name, function, piece) for name, function in self.functions.items()}

    def total(self, scores: Mapping[str, float]) -> float:
        """The weighted sum of what `scores` returned."""
        return sum(weight * scores[name] for name, weight in self.weights.items())

    def __str__(self) -> str:
        return ", ".join(f"{name} {weight:g}" for name, weight in self.weights.items())


def parse_reward(text: str) -> tuple[str, float]:
    """Name and weight of ``in_key=1``; without a weight it is 1.

    Raises
    ------
    ConfigError : the weight is no number.

    Examples
    --------
    >>> parse_reward("density:8=0.5"), parse_reward("in_key")
    (('density:8', 0.5), ('in_key', 1.0))
    """
    name, equals, weight = text.rpartition("=")
    if not equals:
        return text, 1.0
    try:
        return name, float(weight)
    except ValueError:
        raise ConfigError(f"a reward must look like in_key=1, got {text!r}") from None


def _function(text: str) -> RewardFunction:
    """The function that a name stands for."""
    before, colon, after = text.rpartition(":")
    if colon and before.endswith(".py"):
        return _own_function(Path(before), after)
    name, colon, number = text.partition(":")
    if name not in REWARDS:
        near = difflib.get_close_matches(name, REWARDS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(REWARDS)}"
        raise ConfigError(f"there is no reward {name!r}; {hint} Your own: file.py:function")
    reward = REWARDS[name]
    if reward.default is None:
        if colon:
            raise ConfigError(f"{name} takes no number, got {text!r}")
        return reward.function
    try:
        value = float(number) if colon else reward.default
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ConfigError(f"{name} takes a number above 0, as {name}:{reward.default:g}; {text!r}")
    return partial(_with_number, reward.function, value)


def _with_number(function: Callable[..., float], value: float, piece: Piece) -> float:
    return function(piece, value)


def _own_function(path: Path, name: str) -> RewardFunction:
    """A function of a Python file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise ConfigError(f"{path}: no such Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigError(f"{path}: cannot be run: {type(error).__name__}: {error}") from error
    function: Any = getattr(module, name, None)
    if not callable(function):
        raise ConfigError(f"{os.fspath(path)}: has no function {name!r}")
    own: RewardFunction = function
    return own


def _score(name: str, function: RewardFunction, piece: Piece) -> float:
    try:
        score = float(function(piece))
    except Exception as error:
        raise ConfigError(f"reward {name} failed: {type(error).__name__}: {error}") from error
    if not math.isfinite(score):
        raise ConfigError(f"reward {name} must be a finite number, got {score}")
    return score
