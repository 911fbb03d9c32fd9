"""What training on a corpus would need, measured by training on it for a moment."""

from __future__ import annotations

import sys
import time
from typing import Any

from lstm_music.backends.registry import get_backend
from lstm_music.corpus.batches import ChunkStream
from lstm_music.corpus.cache import TokenCache
from lstm_music.nn.model import LanguageModel
from lstm_music.tokens.automaton import annotate
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.training.config import TrainConfig
from lstm_music.training.loop import Trainer

_VALIDATION_SHARE = 1 / 3
"""Scoring a token costs about so much of training on it: the way there without the way back."""


def training_needs(corpus: TokenCache, seconds: float = 2.0) -> dict[str, Any]:
    """Time and memory of a default training on this machine.

    Parameters
    ----------
    corpus : with at least one piece on the training side.
    seconds : how long to train for the measurement, the first update apart.

    Returns
    -------
    needs : JSON values: tokens a second, seconds and epochs of the whole run, and the most memory
        that this process has held, in bytes (0 where the system does not tell).

    Raises
    ------
    ConfigError : no piece on the training side.
    """
    config = TrainConfig()
    stream = ChunkStream(
        corpus,
        batch_size=config.batch_size,
        chunk_length=config.chunk_steps,
        rng_seed=config.rng_seed,
    )
    sizes = config.model_config(DEFAULT.n_rows, DEFAULT.n_tokens, DEFAULT.n_streams)
    model = LanguageModel.create(sizes, config.rng_seed, backend=get_backend("cpu"))
    tokens = corpus.piece_tokens(int(corpus.indices("train")[0]))[: config.chunk_steps]
    valid = [(annotate(tokens)[:-1], tokens[1:])]
    run = Trainer(model, stream, valid, config, lambda _: None).run()
    warm = next(run)
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        last = next(run)
    per_second = (last.tokens - warm.tokens) / (time.monotonic() - started)
    run.close()  # type: ignore[attr-defined]  # a generator
    n_validations = config.max_tokens / config.evaluate_every
    scored = _VALIDATION_SHARE * n_validations * corpus.n_targets("valid")
    return {
        "tokens_per_second": round(per_second),
        "tokens": config.max_tokens,
        "epochs": round(config.max_tokens / max(corpus.n_targets("train"), 1), 2),
        "seconds": round((config.max_tokens + scored) / per_second),
        "seconds_per_epoch": round(corpus.n_targets("train") / per_second),
        "memory_bytes": _most_memory(),
    }


def _most_memory() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
