"""Whether a run that was planned for a time will end in it, and what else to plan."""

from __future__ import annotations

_LOOK_SHARE = 0.03
"""After so much of its time a run looks again."""

_AIM = 0.98
"""Share of its time after which it should have all its tokens."""


class Pace:
    """Follows a planned run.

    Parameters
    ----------
    seconds : that it may take, from now on.
    tokens : that it has had.
    planned : tokens that it is to have in all.
    """

    def __init__(self, seconds: float, tokens: int, planned: int) -> None:
        self._seconds, self._begun_at, self._planned = seconds, tokens, planned
        self._next_look = _LOOK_SHARE * seconds

    def fitting(self, seconds: float, tokens: int, max_tokens: int) -> int:
        """How many tokens fit at the speed so far, at most as many as were planned at first; 0:
        what is planned now stays.

        Parameters
        ----------
        seconds : that have passed.
        tokens : that it has had.
        max_tokens : that it is to have, as planned now.
        """
        if seconds <= self._next_look:
            return 0
        self._next_look = seconds + _LOOK_SHARE * self._seconds
        a_second = (tokens - self._begun_at) / seconds
        fitting = min(tokens + int(a_second * (_AIM * self._seconds - seconds)), self._planned)
        return fitting if tokens < fitting != max_tokens else 0
