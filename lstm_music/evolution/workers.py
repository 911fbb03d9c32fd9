"""Where the members of a population are scored: here, on other cores, on Dask or Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.building.executors import Run, executor
from lstm_music.types import FloatArray

Losses = Callable[[FloatArray], npt.NDArray[np.floating[Any]]]
"""Candidates (P, n) to a loss each, (P,); the lower the better."""

MEMBERS_A_CHUNK = 8
"""Candidates of one piece of work. The same whoever does it, so that the losses are, too."""


@contextmanager
def scorer(
    name: str = "local", jobs: int | None = 1
) -> Iterator[Callable[[Losses, FloatArray], Any]]:
    """A function that scores candidates with ``losses_of``, chunk by chunk.

    Parameters
    ----------
    name : "local", "dask://HOST:PORT", "ray" or "ray://HOST:PORT", as for a corpus.
    jobs : processes on this machine; None: one a core. 1: this process alone.

    Raises
    ------
    ConfigError : no such executor, its package is not installed, or nobody answers there.
    """
    with executor(name, jobs) as run:
        yield partial(_score, run)


def _score(run: Run, losses_of: Losses, candidates: FloatArray) -> npt.NDArray[np.float64]:
    """Losses (P,) of candidates (P, n)."""
    losses = np.empty(len(candidates))
    starts = range(0, len(candidates), MEMBERS_A_CHUNK)
    chunks = ((start, candidates[start : start + MEMBERS_A_CHUNK]) for start in starts)
    for start, found in run(partial(_score_chunk, losses_of), chunks):
        losses[start : start + len(found)] = found
    return losses


def _score_chunk(
    losses_of: Losses, chunk: tuple[int, FloatArray]
) -> tuple[int, npt.NDArray[np.floating[Any]]]:
    start, candidates = chunk
    return start, losses_of(candidates)
