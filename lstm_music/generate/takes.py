"""Takes: what comes out, how likely it is, and in which order takes are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from lstm_music.generate.compose import Job
from lstm_music.generate.loop import Generator
from lstm_music.music.piece import Piece
from lstm_music.types import NoteArray


@dataclass(frozen=True, eq=False)
class Take:
    """One result of a request.

    Parameters
    ----------
    piece : the whole, the given music included.
    rng_seed : of the request; the same request with it gives the same takes.
    report : of each control that was set, what was asked and what came out
        (`lstm_music.generate.reporting.report`).
    new : what was written, (N,) NOTE_DTYPE in the steps and tracks of the piece.
    nats_a_note : how unlikely the network finds what it wrote; NaN without a note.
    join_nats : nats a note of the two bars behind it, for an infilling; NaN if nothing is there.
    """

    piece: Piece = field(repr=False)
    rng_seed: int
    report: dict[str, Any] = field(repr=False)
    new: NoteArray = field(repr=False)
    nats_a_note: float = float("nan")
    join_nats: float = float("nan")


TakeDone: TypeAlias = Callable[[Take], None]
"""What is called with each take as soon as it is written."""


def drawn_takes(
    draw: Callable[[Sequence[int]], list[Take]], n: int, on_take: TakeDone | None
) -> list[Take]:
    """The takes ``draw(range(n))``; one after another where somebody waits for each."""
    if on_take is None:
        return draw(range(n))
    takes: list[Take] = []
    for i in range(n):
        for take in draw([i]):
            on_take(take)
            takes.append(take)
    return takes


def nats_a_note(work: Job, generator: Generator) -> float:
    """How unlikely the network finds what it has written; NaN without a note."""
    notes = generator.score.n_notes - work.base.score.n_notes
    return -generator.log_prob / notes if notes else float("nan")


def likeness(some: NoteArray, others: NoteArray) -> float:
    """Share of notes, 0..1, that two pieces of music share: of all onsets, tracks and pitches."""
    if not len(some) and not len(others):
        return 1.0
    a, b = (set(_keys(notes).tolist()) for notes in (some, others))
    return len(a & b) / len(a | b)


def _keys(notes: NoteArray) -> np.ndarray:
    onset = notes["onset_steps"].astype(np.int64) << 24
    return np.asarray(onset | notes["track"].astype(np.int64) << 8 | notes["pitch_midi"])


def ranked(takes: Sequence[Take], rank: str) -> list[Take]:
    """The takes in the order asked for; see ``Request.rank``."""
    if rank == "likelihood":
        return sorted(takes, key=lambda take: _last_if_nan(take.nats_a_note))
    if rank == "join":
        return sorted(takes, key=lambda take: _last_if_nan(take.join_nats))
    if rank == "difference":
        return _far_apart(takes)
    return list(takes)


def _last_if_nan(nats: float) -> float:
    return float("inf") if np.isnan(nats) else nats


def _far_apart(takes: Sequence[Take]) -> list[Take]:
    """The first take, then always the one that is least like any before it."""
    left, order = list(takes[1:]), list(takes[:1])
    while left:
        near = [max(likeness(take.new, seen.new) for seen in order) for take in left]
        order.append(left.pop(int(np.argmin(near))))
    return order
