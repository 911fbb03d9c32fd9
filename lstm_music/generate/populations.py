"""Many drafts at once that are compared bar by bar: the particle filter, and the beam.

Of the last bar's drafts the one is taken that makes what is given behind them likeliest.

A particle filter lets a network that reads from left to right alone fill a gap: drafts whose given
notes it finds unlikely die out, others are copied (Gordon et al. 1993; for music with pinned notes
Walder and Kim 2018). A beam draws every bar several times and goes on with the likeliest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from lstm_music.generate.compose import Job
from lstm_music.generate.engine import run_on
from lstm_music.generate.joins import join_log_probs, joined_at, joined_notes
from lstm_music.generate.loop import NEVER, Generator
from lstm_music.generate.together import most_together, run_together
from lstm_music.kernels.sampler import philox_uniform
from lstm_music.nn.odds import drawn
from lstm_music.nn.sampling import Sampling

PARTICLES = 32
MOST_DRAFTS, FEWEST_DRAFTS = 32, 8
"""For a network that is told what lies ahead: drafts of the first take, compared by how they join
what is given.
"""
READ_NOTES = 480
"""How many notes all drafts together read to be compared, about: fewer drafts of dense music."""
SHARE_MORE = 6
"""Each further take has one draft for so many of the first, and at least two."""

STEERED_LINES = 3
"""The last so many bar lines within a gap are those at which its drafts are compared, too."""
COPIES = 6
"""At each of them one draft of so many goes on, in so many copies."""

DRAFTS_APART = 1 << 40
"""Between the random streams of two attempts at a take: more than the copies take."""
_COPIES_APART = 1 << 10
"""Between the random streams of two copies of a take: more than there are takes."""
_BEYOND_TOKENS = 1 << 40
"""The draw of a random stream that decides between drafts: more than a piece has tokens."""

# Quoted: numpy imports its random numbers when they are named, and most requests need none.
Choose: TypeAlias = "Callable[[list[Generator], np.random.Generator], Sequence[int]]"


def by_particles(work: Job, sampling: Sampling, rng_seed: int, sequence: int) -> Generator:
    """One draft out of many, chosen by how likely they make what is given after and beside them."""
    weights = np.zeros(PARTICLES)

    def choose(drafts: list[Generator], rng: np.random.Generator) -> Sequence[int]:
        nonlocal weights
        now = np.array([draft.given_log_prob for draft in drafts])
        chances = _normalised(now - weights)
        chosen = _systematic(chances, rng)
        weights = now[chosen]
        return [int(i) for i in chosen]

    return _bar_by_bar(work, sampling, rng_seed, sequence, PARTICLES, choose, weigh=True)


def by_join(
    work: Job,
    sampling: Sampling,
    rng_seed: int,
    sequences: Sequence[int],
    threads: int | None,
) -> list[tuple[Generator, float]]:
    """Of each random stream one draft out of several, and how likely it makes what is given behind
    the open places: `join_log_probs`.

    At each of the last bar lines within the places, all of them go on from those that would lead on
    best if the places ended there. Of the finished ones, one is drawn with the odds of its join:
    where many lead on about as well, as in a short gap, takes and seeds still differ.
    """
    groups = [
        [work.begin(sampling, rng_seed, stream + i * _COPIES_APART) for i in range(n)]
        for stream, n in [(stream, _n_drafts(work, stream)) for stream in sequences]
    ]
    drafts = [draft for group in groups for draft in group]
    for line in _steered_lines(work):
        for draft in drafts:
            draft.set_edge(line)
        run_on(work.engine, drafts, threads)
        for group, copies in zip(groups, joined_at(work, groups, line, threads), strict=True):
            _go_on_from_best(group, [copy.given_log_prob for copy in copies])
    for draft in drafts:
        draft.set_edge(NEVER)
    run_on(work.engine, drafts, threads)
    joins = iter(join_log_probs(work, drafts, threads).tolist())
    scored = [[(draft, next(joins)) for draft in group] for group in groups]
    return [
        group[drawn(np.array([join for _, join in group]), _uniform(rng_seed, stream))]
        for group, stream in zip(scored, sequences, strict=True)
    ]


def _uniform(rng_seed: int, stream: int) -> float:
    return philox_uniform(rng_seed, stream, _BEYOND_TOKENS)


def _go_on_from_best(drafts: Sequence[Generator], joins: Sequence[float]) -> None:
    """Of so many drafts the ones that join best stay; the others become copies of them."""
    order = np.argsort(-np.array(joins), kind="stable").tolist()
    n_kept = max(len(drafts) // COPIES, 1)
    for i, which in enumerate(order[n_kept:]):
        drafts[which].copy_state_from(drafts[order[i % n_kept]])


def _n_drafts(work: Job, stream: int) -> int:
    """How many drafts the take of a random stream is chosen from."""
    first = min(max(READ_NOTES // joined_notes(work), FEWEST_DRAFTS), MOST_DRAFTS)
    return max(first // SHARE_MORE, 2) if stream % DRAFTS_APART else first


def _steered_lines(work: Job) -> list[int]:
    """The bar lines at which drafts are compared; none where it would take long."""
    if joined_notes(work) * FEWEST_DRAFTS > READ_NOTES:
        return []
    lines = _bar_lines(work)[:-1]
    return lines[max(len(lines) - STEERED_LINES, 0) :]


def by_beam(work: Job, sampling: Sampling, rng_seed: int, sequence: int, width: int) -> Generator:
    """One draft of which each bar is the likeliest, note by note, of ``width`` that were drawn."""

    def choose(drafts: list[Generator], _: np.random.Generator) -> Sequence[int]:
        found = [draft.log_prob / (1 + draft.score.n_notes - before) for draft in drafts]
        return [int(np.argmax(found))] * width

    before = work.base.score.n_notes
    return _bar_by_bar(work, sampling, rng_seed, sequence, width, choose, weigh=False)


def _bar_by_bar(
    work: Job,
    sampling: Sampling,
    rng_seed: int,
    sequence: int,
    size: int,
    choose: Choose,
    *,
    weigh: bool,
) -> Generator:
    """Compose ``size`` drafts side by side; at each bar line those chosen go on."""
    stream, most = sequence, most_together(work.engine.weights)
    rng = np.random.default_rng([rng_seed, sequence])
    drafts = [work.begin(sampling, rng_seed, stream + i * _COPIES_APART) for i in range(size)]
    for draft in drafts:
        draft.weigh = weigh
    for line in [*_bar_lines(work), NEVER]:
        for draft in drafts:
            draft.set_pause(line)
        for first in range(0, size, most):
            run_together(drafts[first : first + most])
        if line == NEVER:
            break
        chosen = choose(drafts, rng)
        stream += size * _COPIES_APART
        copies = []
        for i, which in enumerate(chosen):
            copy = work.begin(sampling, rng_seed, stream + i * _COPIES_APART)
            copy.copy_state_from(drafts[which])
            copies.append(copy)
        drafts = copies
    return drafts[int(np.argmax(join_log_probs(work, drafts)))]


def _bar_lines(work: Job) -> list[int]:
    """The bar lines within and behind the open places."""
    lines, at = work.prompt.context.bar_lines, work.prompt.start_steps
    found = []
    while at < work.prompt.end_steps:
        at = lines.bar_end(at)
        found.append(at)
    return found


def _normalised(log_weights: np.ndarray) -> np.ndarray:
    chances = np.exp(log_weights - log_weights.max())
    return np.asarray(chances / chances.sum())


def _systematic(chances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As many indices as there are chances, each about as often as its chance (Kitagawa 1996)."""
    places = (np.arange(len(chances)) + rng.random()) / len(chances)
    return np.minimum(np.searchsorted(np.cumsum(chances), places), len(chances) - 1)
