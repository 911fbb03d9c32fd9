"""Which of several drafts of the same bars is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lstm_music.generate.loop import MOST_AT_ONCE, Generator
from lstm_music.generate.together import run_together
from lstm_music.music.piece import Piece
from lstm_music.tokens.decode import written_piece


class Critic(Protocol):
    """What prefers some drafts to others: `lstm_music.evaluate.critic.Critic`."""

    def choose(self, drafts: Sequence[Piece], n_bars: int, rng: np.random.Generator) -> int:
        """The number of the draft of a piece's first bars that is kept."""


def no_critic(style: str) -> Critic | None:
    """For models that have no critic of any style."""
    return None


@dataclass(frozen=True)
class Choice:
    """How one of the drafts is chosen: the first, where there is no critic.

    Parameters
    ----------
    critic : None: there is one draft at a time, and the first without a fault is kept.
    n_drafts : drafts at a time, 1 or more.
    random_stream : numbers of the random stream that decides.
    """

    critic: Critic | None = None
    n_drafts: int = 1
    random_stream: tuple[int, ...] = ()

    def numbers(self, turn: int) -> range:
        """Numbers of the drafts of a turn, the first of which is 0."""
        return range(turn * self.n_drafts, (turn + 1) * self.n_drafts)

    def turns(self, most_drafts: int) -> int:
        """How many turns there are, of about so many drafts in all: two at least."""
        return max(most_drafts // self.n_drafts, 2)

    def of(self, drafts: Sequence[Generator], n_bars: int) -> Generator:
        """The draft that is kept; each has written the first ``n_bars`` bars of the piece."""
        if self.critic is None or len(drafts) == 1:
            return drafts[0]
        rng = np.random.default_rng([*self.random_stream, n_bars])
        pieces = [written_piece(draft.score) for draft in drafts]
        return drafts[self.critic.choose(pieces, n_bars, rng)]


FIRST = Choice()
"""The first draft without a fault, as it comes."""


def run_drafts(drafts: Sequence[Generator]) -> None:
    """Run them side by side, as many at a time as can be."""
    for start in range(0, len(drafts), MOST_AT_ONCE):
        run_together(drafts[start : start + MOST_AT_ONCE])


def shares_at_once(numbers: Sequence[int], choices: Sequence[Choice]) -> list[list[int]]:
    """The pieces, by number, in shares whose drafts can run together; one with more has its own."""
    shares: list[list[int]] = []
    room = 0
    for i in numbers:
        if choices[i].n_drafts > room:
            shares.append([])
            room = max(MOST_AT_ONCE, choices[i].n_drafts)
        shares[-1].append(i)
        room -= choices[i].n_drafts
    return shares
