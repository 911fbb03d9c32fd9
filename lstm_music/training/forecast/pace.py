"""Whether a run that was planned for a time will end in it, and what else to plan."""

from __future__ import annotations

from lstm_music.training.progress import Progress

_LOOK_SHARE = 0.03
"""After so much of its time spent on updates a run looks again."""

_LOOK_UPDATES = 8
"""After as many at least: a moment tells too little."""

_MUCH = 0.25
"""While more than this share of the time is left, no plan ends before there may be two looks."""

_KEPT = 0.7
"""What was timed before a look counts for so much at the next one: a machine that stood still once
is not slow.
"""

_AIM = 0.98
"""Share of its time after which it should have all its tokens."""

_WORTH_PLANNING = 0.01
"""A plan stays if what is left of it would change by less than this."""


class Pace:
    """Follows a planned run.

    Updates and validations are timed apart: a run may have spent most of its first seconds on
    scoring what it begins with.

    Parameters
    ----------
    seconds : that it may take, from now on, the validation at its end left out.
    planned : tokens that it was to have in all when it was planned; it never has more.
    evaluate_every : tokens between two validations.
    """

    def __init__(self, seconds: float, planned: int, evaluate_every: int) -> None:
        self._seconds, self._planned, self._every = seconds, planned, evaluate_every
        self._tokens: int | None = None  # before the first update that is timed
        self._trained_tokens, self._trained_seconds = 0.0, 0.0
        self._since_look, self._n_updates = 0.0, 0  # seconds of updates, and how many
        self._update_tokens = 0
        self._validation_seconds = 0.0

    def fitting(self, seconds: float, took: float, progress: Progress) -> int:
        """How many tokens fit; 0: what is planned now stays.

        Parameters
        ----------
        seconds : that have passed.
        took : seconds of the step that has just been made: an update, a validation or both.
        progress : after that step.
        """
        self._time(took, progress)
        is_early = self._since_look < _LOOK_SHARE * self._seconds or self._n_updates < _LOOK_UPDATES
        if (is_early and progress.tokens < progress.max_tokens) or not self._trained_tokens:
            return 0
        a_token = self._trained_seconds / self._trained_tokens
        self._since_look, self._n_updates = 0.0, 0
        self._trained_tokens *= _KEPT
        self._trained_seconds *= _KEPT
        a_token += self._validation_seconds / self._every
        left = _AIM * self._seconds - seconds
        fit = int(left / a_token)
        if left > _MUCH * self._seconds:
            fit = max(fit, 2 * _LOOK_UPDATES * self._update_tokens)
        fitting = min(progress.tokens + fit, self._planned)
        left_now = progress.max_tokens - progress.tokens
        differs = abs(fitting - progress.max_tokens) > _WORTH_PLANNING * left_now
        return fitting if differs and fitting > progress.tokens else 0

    def _time(self, took: float, progress: Progress) -> None:
        """Count a step: the first update is left out, since it fetches memory."""
        if progress.validated:
            self._validation_seconds = took
        elif self._tokens is not None:
            self._update_tokens = progress.tokens - self._tokens
            self._n_updates += 1
            self._trained_tokens += self._update_tokens
            self._trained_seconds += took
            self._since_look += took
        self._tokens = progress.tokens if progress.step else None
