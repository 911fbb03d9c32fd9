"""Joins: how likely drafts make the given music after the open places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lstm_music.generate.compose import Job
from lstm_music.generate.engine import run_on
from lstm_music.generate.given import Given
from lstm_music.generate.loop import Generator
from lstm_music.generate.rules import Rules
from lstm_music.nn.sampling import Sampling
from lstm_music.types import IntArray

JOIN_BARS = 2
"""How many bars after the open places tell how well these lead there."""

_NOTE = 4  # kind of event, as in given.pxd


def join_log_probs(
    work: Job, drafts: Sequence[Generator], threads: int | None = None
) -> npt.NDArray[np.float64]:
    """How likely each draft makes the given music of the two bars after the open places.

    Parameters
    ----------
    work : with music after its places, or without.
    drafts : generators that have filled them; they stay as they are.
    threads : None = one a core; never changes the result.

    Returns
    -------
    log_probs : (len(drafts),) natural logarithms; 0 where nothing is given there.
    """
    if not joined_notes(work):
        return np.zeros(len(drafts))
    before = np.array([draft.given_log_prob for draft in drafts])
    return np.asarray([one.given_log_prob for one in joined(work, drafts, threads)] - before)


def joined(work: Job, drafts: Sequence[Generator], threads: int | None = None) -> list[Generator]:
    """Copies of drafts that have read, and weighed, the two bars after the open places."""
    events, stop = _joined_events(work)
    given = Given(events)
    return run_on(
        work.engine, [_about_to_read(work, draft, given, stop) for draft in drafts], threads
    )


def joined_at(
    work: Job, groups: Sequence[Sequence[Generator]], line: int, threads: int | None = None
) -> list[list[Generator]]:
    """Copies as of `joined` of drafts that have reached a bar line, as if the places ended there.

    The drafts of a group read the same: the notes whose key sounds in none of them.
    """
    events, stop = _joined_events(work)
    earlier = work.prompt.end_steps - line
    copies = []
    for group in groups:
        given = Given(_moved(events, earlier, group))
        copies.append([_about_to_read(work, draft, given, stop - earlier) for draft in group])
    run_on(work.engine, [copy for group in copies for copy in group], threads)
    return copies


def joined_notes(work: Job) -> int:
    """How many notes are given in the two bars after the open places."""
    return int((_joined_events(work)[0][:, 1] >= _NOTE).sum())


def _joined_events(work: Job) -> tuple[IntArray, int]:
    """The given events of the two bars after the open places, and where those end."""
    prompt = work.prompt
    lines, stop = prompt.context.bar_lines, prompt.end_steps
    for _ in range(JOIN_BARS):
        stop = lines.bar_end(stop)
    if work.plan.is_continuation:
        return np.empty((0, 8), np.int32), stop
    events = prompt.events()
    return events[(events[:, 0] >= prompt.end_steps) & (events[:, 0] < stop)], stop


def _about_to_read(work: Job, draft: Generator, given: Given, stop: int) -> Generator:
    """A copy of a draft that has what is given up to ``stop`` before it, and will weigh it.

    It is told of nothing that lies ahead: training scores only what is open, so a network that is
    told what comes next has not learnt how likely that is.
    """
    copy = work.begin(Sampling(), 0, 0, len(given.events))
    copy.copy_state_from(draft)
    copy.set_conditioning(None)
    rules = Rules((), np.ones((16, 128)), np.zeros((16, 8)), end_steps=stop)
    copy.set_task(given, rules, work.prompt.bar_steps)
    copy.weigh = True
    return copy


def _moved(events: IntArray, steps: int, drafts: Sequence[Generator]) -> IntArray:
    """The notes among the events, so many steps earlier, whose key sounds then in no draft."""
    moved = events[events[:, 1] >= _NOTE].copy()
    moved[:, 0] -= steps
    sounds = np.zeros(len(moved), bool)
    for draft in drafts:
        notes = draft.score.notes()
        notes = notes[notes["onset_steps"] + notes["duration_steps"] > moved[0, 0]]
        for onset, duration, pitch, _, track, _ in notes.tolist():
            same_key = (moved[:, 2] == track) & (moved[:, 3] == pitch)
            sounds |= same_key & (moved[:, 0] < onset + duration)
    return moved[~sounds]
