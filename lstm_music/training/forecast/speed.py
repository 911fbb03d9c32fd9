"""How fast this machine trains and scores, measured by doing so for a moment."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lstm_music.corpus.batching.ahead import Chunks
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.scoring import sequence_nll
from lstm_music.training.config import TrainConfig
from lstm_music.training.methods import trainer_type
from lstm_music.training.team import Team
from lstm_music.types import IntArray

ENDLESS_TOKENS = 1 << 60
_SCORED_TOKENS = 20_000
_SCORING_SHARE = 1 / 3
"""Scoring a token costs about so much of training on it: the way there without the way back."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Of one configuration on this machine.

    Parameters
    ----------
    trained_per_second, scored_per_second : tokens.
    update_tokens : of the first update.
    """

    trained_per_second: float
    scored_per_second: float
    update_tokens: int


def measure_speed(
    model: LanguageModel,
    stream: Chunks,
    valid: Sequence[tuple[IntArray, IntArray]],
    config: TrainConfig,
    seconds: float,
    team: Team | None = None,
) -> Speed:
    """Train for some seconds, the first update apart, and score some of the held-out music.

    Parameters
    ----------
    model, stream : spoilt by it.
    valid : what a validation scores; with nothing in it scoring is taken to be three times as
        fast as training.
    config : settings of the run.
    seconds : how long to train.
    team : the processes that train together; they go on as long as the leader does.
    """
    team = team or Team()
    endless = replace(config, max_tokens=ENDLESS_TOKENS, evaluate_every=ENDLESS_TOKENS)
    trainer = trainer_type(config.method)
    run = trainer(model, stream, [], endless, lambda _, __: None, team=team).run()
    first = last = next(run)
    started = time.perf_counter()
    while team.agree(last is first or time.perf_counter() - started < seconds):
        last = next(run)
    trained = (last.tokens - first.tokens) / (time.perf_counter() - started)
    some = _some(valid, config.batch_size)
    if not some:
        return Speed(trained, trained / _SCORING_SHARE, first.tokens)
    started = time.perf_counter()
    sequence_nll(model, some, config.batch_size)
    scored = sum(len(targets) for _, targets in some) / (time.perf_counter() - started)
    return Speed(trained, scored, first.tokens)


def _some(
    valid: Sequence[tuple[IntArray, IntArray]], batch_size: int
) -> list[tuple[IntArray, IntArray]]:
    """A batch of sequences, cut so that they take no time to score."""
    most = max(_SCORED_TOKENS // batch_size, 1)
    return [(rows[:most], targets[:most]) for rows, targets in valid[:batch_size]]
