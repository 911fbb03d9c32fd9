"""Settings that suit few pieces, of which the last bars are held out, unless others are given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lstm_music.corpus.cache import TokenCache
from lstm_music.training.base import Base
from lstm_music.training.config import TrainConfig
from lstm_music.training.settings import make_config

_FROM = {"batch_size": 8, "stop_after": 3}
_FROM_NOTHING = {"batch_size": 8, "stop_after": 5}
"""benchmarks/few_songs.py has the figures."""

_EPOCHS_FROM = 16
_TOKENS_FROM = (100_000, 600_000)
_LEAST_EPOCHS_FROM = 4
_WITH_TIME = 3
"""With a time to train for, so many times as many tokens are trained on at most."""

_VALIDATIONS = 10
_EPOCHS_A_VALIDATION = 2
"""A validation reads all pieces twice, so that it costs as much as training on some two thirds."""


def few_settings(corpus: TokenCache, *, has_base: bool) -> dict[str, Any]:
    """Fields of `TrainConfig` that differ from their defaults for this corpus.

    Parameters
    ----------
    corpus : with something held out (`lstm_music.corpus.ends.hold_out`).
    has_base : whether the run begins with a model.
    """
    if corpus.heard is None:
        return {}
    n_tokens = corpus.n_targets("train")
    least, most = _TOKENS_FROM[0], max(_TOKENS_FROM[1], _LEAST_EPOCHS_FROM * n_tokens)
    most = min(max(_EPOCHS_FROM * n_tokens, least), most)
    if has_base:
        every = max(most // _VALIDATIONS, _EPOCHS_A_VALIDATION * n_tokens)
        return _FROM | {"max_tokens": most, "evaluate_every": every}
    return _FROM_NOTHING | {"evaluate_every": max(4 * n_tokens, _TOKENS_FROM[0])}


def most_tokens(corpus: TokenCache, *, has_base: bool) -> float:
    """The most tokens that are worth the time that a run is given; see `few_settings`."""
    tokens = few_settings(corpus, has_base=has_base).get("max_tokens")
    return math.inf if tokens is None else float(_WITH_TIME * tokens)


def configured(
    corpus: TokenCache, base: Base | None, settings: Mapping[str, Any]
) -> tuple[TrainConfig, str]:
    """The configuration of a run, and in one line what few pieces have changed in it.

    Parameters
    ----------
    corpus : with something held out.
    base : the model to begin with.
    settings : fields of `TrainConfig` that are given; they win.

    Raises
    ------
    ConfigError : a setting is unknown or out of range, or not the base's.
    """
    few = few_settings(corpus, has_base=base is not None)
    chosen = few | dict(settings)
    config = make_config(chosen if base is None else base.merged(chosen))
    words = [f"{n.replace('_', ' ')} {x:,}" for n, x in few.items() if n not in settings]
    return config, f"for so few pieces: {', '.join(words)}" if words else ""
