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
from lstm_music.generate.loop import MOST_AT_ONCE, NEVER, Generator, run_together
from lstm_music.generate.takes import join_log_probs
from lstm_music.nn.sampling import Sampling

PARTICLES = 32
DRAFTS, DRAFTS_MORE = 8, 2
"""For a network that is told what lies ahead: drafts for the first take, and for each further one.

They are compared by how they join what is given. The first take is the best of its own, so that it
is the same alone as among others; the others are the best of all that are left.
"""

_COPIES_APART = 1 << 10
"""Between the random streams of two copies of a take: more than there are takes."""

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
    """As many drafts as there are random streams, the ones out of more that make what is given
    behind them likeliest; and how likely: `join_log_probs`.
    """
    copies = [DRAFTS, *[DRAFTS_MORE] * (len(sequences) - 1)]
    streams = [
        sequence + i * _COPIES_APART for sequence, n in zip(sequences, copies) for i in range(n)
    ]
    drafts = work.compose(sampling, rng_seed, streams, threads)
    joins = join_log_probs(work, drafts, threads)
    order = np.argsort(-joins, kind="stable").tolist()
    first = next(i for i in order if i < DRAFTS)
    order.remove(first)
    return [(drafts[i], float(joins[i])) for i in [first, *sorted(order[: len(copies) - 1])]]


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
    stream = sequence
    rng = np.random.default_rng([rng_seed, sequence])
    drafts = [work.begin(sampling, rng_seed, stream + i * _COPIES_APART) for i in range(size)]
    for draft in drafts:
        draft.weigh = weigh
    for line in [*_bar_lines(work), NEVER]:
        for draft in drafts:
            draft.set_pause(line)
        for first in range(0, size, MOST_AT_ONCE):
            run_together(drafts[first : first + MOST_AT_ONCE])
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
