"""Takes: what comes out, how likely it is, how it joins, and in which order takes are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lstm_music.generate.compose import Job
from lstm_music.generate.engine import in_shares
from lstm_music.generate.given import Given
from lstm_music.generate.loop import Generator, run_together
from lstm_music.generate.rules import Rules
from lstm_music.music.piece import Piece
from lstm_music.nn.sampling import Sampling
from lstm_music.types import IntArray, NoteArray

JOIN_BARS = 2
"""How many bars behind the open places tell how well these lead there."""

_NOTE = 4  # kind of event, as in given.pxd


@dataclass(frozen=True, eq=False)
class Take:
    """One result of a request.

    Parameters
    ----------
    piece : the whole, the given music included.
    rng_seed : of the request; the same request with it gives the same takes.
    report : of each control that was set, what was asked and what came out
        (`lstm_music.generate.report`).
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
    draw: Callable[[Sequence[int]], list[Take]],
    n: int,
    on_take: TakeDone | None,
    *,
    share: bool = False,
) -> list[Take]:
    """The takes ``draw(range(n))``; one after another where somebody waits for each.

    ``share`` : whether they share their drafts, so that they are chosen together.
    """
    if on_take is None:
        return draw(range(n))
    takes: list[Take] = []
    for streams in [range(n)] if share else [range(i, i + 1) for i in range(n)]:
        some = draw(streams)
        for take in some:
            on_take(take)
        takes += some
    return takes


def nats_a_note(work: Job, generator: Generator) -> float:
    """How unlikely the network finds what it has written; NaN without a note."""
    notes = generator.score.n_notes - work.base.score.n_notes
    return -generator.log_prob / notes if notes else float("nan")


def join_log_probs(
    work: Job, drafts: Sequence[Generator], threads: int | None = None
) -> npt.NDArray[np.float64]:
    """How likely each draft makes the given music of the two bars behind the open places.

    Parameters
    ----------
    work : with music behind its places, or without.
    drafts : generators that have filled them; they stay as they are.
    threads : None = one a core; never changes the result.

    Returns
    -------
    log_probs : (len(drafts),) natural logarithms; 0 where nothing is given there.
    """
    if not len(_joined_events(work)[0]):
        return np.zeros(len(drafts))
    before = np.array([draft.given_log_prob for draft in drafts])
    return np.asarray([one.given_log_prob for one in joined(work, drafts, threads)] - before)


def joined(work: Job, drafts: Sequence[Generator], threads: int | None = None) -> list[Generator]:
    """Copies of drafts that have read, and weighed, the two bars after the open places."""
    events, stop = _joined_events(work)
    prompt, given = work.prompt, Given(events)
    rules = Rules((), np.ones((16, 128)), np.zeros((16, 8)), end_steps=stop)
    goes_on = []
    for draft in drafts:
        copy = work.begin(Sampling(), 0, 0, len(events))
        copy.copy_state_from(draft)
        copy.set_task(given, rules, prompt.bar_steps)
        copy.weigh = True
        goes_on.append(copy)
    return in_shares(_run_share, goes_on, threads)


def _run_share(share: Sequence[Generator]) -> list[Generator]:
    run_together(share)
    return list(share)


def joined_notes(work: Job) -> int:
    """How many notes are given in the two bars behind the open places."""
    return int((_joined_events(work)[0][:, 1] >= _NOTE).sum())


def _joined_events(work: Job) -> tuple[IntArray, int]:
    """The given events of the two bars behind the open places, and where those end."""
    prompt = work.prompt
    lines, stop = prompt.context.bar_lines, prompt.end_steps
    for _ in range(JOIN_BARS):
        stop = lines.bar_end(stop)
    if work.plan.is_continuation:
        return np.empty((0, 8), np.int32), stop
    events = prompt.events()
    return events[(events[:, 0] >= prompt.end_steps) & (events[:, 0] < stop)], stop


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
