"""What training on a corpus would need, measured by training on it for a moment."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from lstm_music.corpus.cache import TokenCache
from lstm_music.tokens.annotate import annotate
from lstm_music.training.api import Sources, check_sides, new_model, read_corpus, training_chunks
from lstm_music.training.base import load_base
from lstm_music.training.config import TrainConfig
from lstm_music.training.loop import Trainer
from lstm_music.training.settings import make_config

_VALIDATION_SHARE = 1 / 3
"""Scoring a token costs about so much of training on it: the way there without the way back."""


def training_needs(
    corpus: TokenCache, config: TrainConfig | None = None, seconds: float = 2.0
) -> dict[str, Any]:
    """Time and memory of a training on this machine.

    Parameters
    ----------
    corpus : with at least one piece on the training side.
    config : settings; None: the defaults.
    seconds : how long to train for the measurement, the first update apart.

    Returns
    -------
    needs : JSON values: parameters, tokens a second, seconds and epochs of the whole run, and the
        most memory that this process has held, in bytes (0 where the system does not tell).

    Raises
    ------
    ConfigError : no piece on the training side.
    """
    config = config or TrainConfig()
    model = new_model(config)
    tokens = corpus.piece_tokens(int(corpus.indices("train")[0]))[: config.chunk_steps or None]
    valid = [(annotate(tokens)[:-1], tokens[1:])]
    stream = training_chunks(corpus, config)
    run = Trainer(model, stream, valid, config, lambda _: None).run()
    warm = last = next(run)
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        last = next(run, last)
    elapsed = time.monotonic() - started
    per_second = max(last.tokens - warm.tokens, 1) / elapsed
    n_validations = config.max_tokens / config.evaluate_every
    n_scored = corpus.n_targets("valid") * (2 if config.infill else 1)  # plain, and masked
    scored = _VALIDATION_SHARE * n_validations * n_scored
    return {
        "parameters": int(model.flat_params.size),
        "tokens_per_second": round(per_second),
        "tokens": config.max_tokens,
        "epochs": round(config.max_tokens / max(corpus.n_targets("train"), 1), 2),
        "seconds": round((config.max_tokens + scored) / per_second),
        "seconds_per_epoch": round(corpus.n_targets("train") / per_second),
        "memory_bytes": _most_memory(),
    }


def dry_run(
    sources: Sources,
    *,
    cache: str | os.PathLike[str] | None = None,
    base: str | os.PathLike[str] | None = None,
    on_note: Callable[[str], None] = lambda _: None,
    **settings: Any,
) -> dict[str, Any]:
    """What `lstm_music.training.api.train` with these arguments would need; nothing is kept.

    Returns
    -------
    needs : as from `training_needs`.
    """
    begin_with = None if base is None else load_base(base)
    config = make_config(settings if begin_with is None else begin_with.merged(settings))
    corpus = read_corpus(sources, cache, config.style, on_note)
    check_sides(corpus)
    return training_needs(corpus, config)


def _most_memory() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
