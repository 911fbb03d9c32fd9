"""Which step of the music it is: at a steady tempo, or by the MIDI clock of another program.

A tick of the MIDI clock is a 24th of a quarter note, as is a step of the grid.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

import numpy as np

from lstm_music.music.grid import STEPS_PER_QUARTER

_TICKS_WEIGHED = 48
"""The tempo of a clock is that of its last two quarter notes."""

_LEAST_TICKS = 7
"""A 16th note: fewer do not tell a tempo."""

_LOST_TICKS = 12
"""A clock that misses half a quarter note has stopped, whatever it says."""


class Clock(Protocol):
    """Seconds to steps and back."""

    @property
    def tempo_bpm(self) -> float:
        """Quarter notes a minute."""

    def steps_at(self, seconds: float) -> float:
        """The step at a time; fractions of one are kept."""

    def seconds_at(self, steps: float) -> float:
        """When a step is."""


class SteadyClock:
    """A clock of its own at one tempo.

    Parameters
    ----------
    seconds, steps : a time, and the step that it is then.
    tempo_bpm : quarter notes a minute.
    """

    def __init__(self, seconds: float, tempo_bpm: float, steps: float = 0.0) -> None:
        self._seconds, self._steps = seconds, steps
        self._tempo_bpm = tempo_bpm
        self._step_seconds = 60 / tempo_bpm / STEPS_PER_QUARTER

    @property
    def tempo_bpm(self) -> float:
        """Quarter notes a minute."""
        return self._tempo_bpm

    def steps_at(self, seconds: float) -> float:
        """The step at a time."""
        return self._steps + (seconds - self._seconds) / self._step_seconds

    def seconds_at(self, steps: float) -> float:
        """When a step is."""
        return self._seconds + (steps - self._steps) * self._step_seconds


class FollowedClock:
    """The MIDI clock of another program: ticks, start, stop, continue, song position.

    Between ticks, and a little ahead of them, a line through the last ones tells the place.
    """

    def __init__(self) -> None:
        self._ticks: deque[tuple[float, int]] = deque(maxlen=_TICKS_WEIGHED)
        self._next = 0  # the step of the next tick
        self._resume_at = self._ticks_since_start = 0
        self._is_running = False
        self._slope, self._at, self._step = 60 / 120 / STEPS_PER_QUARTER, 0.0, 0.0

    @property
    def has_ticked(self) -> bool:
        """Whether there is such a clock."""
        return bool(self._ticks)

    @property
    def tempo_bpm(self) -> float:
        """Quarter notes a minute, over the last ticks."""
        return 60 / (self._slope * STEPS_PER_QUARTER)

    def is_running(self, now: float) -> bool:
        """Whether it was started, still ticks, and has ticked often enough to tell its tempo."""
        is_known = self._ticks_since_start > 0 and len(self._ticks) >= _LEAST_TICKS
        return self._is_running and is_known and not self.is_lost(now)

    def is_lost(self, now: float) -> bool:
        """Whether it fell silent without a stop."""
        return (
            self._is_running
            and bool(self._ticks)
            and (now - self._ticks[-1][0] > max(_LOST_TICKS * self._slope, 0.25))
        )

    def tick(self, seconds: float) -> None:
        """Take a tick."""
        if self._ticks and seconds - self._ticks[-1][0] > 0.25:
            self._ticks.clear()  # the tempo of before says nothing any more
        self._ticks.append((seconds, self._next))
        self._next += 1
        self._ticks_since_start += 1
        self._fit()

    def start(self) -> None:
        """The next tick is the first step of the song."""
        self._resume_at = 0
        self.resume()

    def resume(self) -> None:
        """The next tick goes on with the song where it stopped."""
        self._shift(self._resume_at)
        self._is_running, self._ticks_since_start = True, 0

    def stop(self) -> None:
        """Ticks may go on, the song does not."""
        self._is_running, self._resume_at = False, self._next

    def locate(self, steps: int) -> None:
        """The next tick, or the first after it goes on, is this step."""
        self._resume_at = steps
        if self._is_running:
            self._shift(steps)

    def steps_at(self, seconds: float) -> float:
        """The step at a time."""
        return self._step + (seconds - self._at) / self._slope

    def seconds_at(self, steps: float) -> float:
        """When a step is."""
        return self._at + (steps - self._step) * self._slope

    def _shift(self, next_step: int) -> None:
        """Number the ticks so far as if the song had always led here; the tempo stays."""
        by = next_step - self._next
        self._ticks = deque(((at, step + by) for at, step in self._ticks), _TICKS_WEIGHED)
        self._step += by
        self._next = next_step

    def _fit(self) -> None:
        seconds = np.array([at for at, _ in self._ticks])
        steps = np.array([number for _, number in self._ticks], float)
        self._at, self._step = float(seconds.mean()), float(steps.mean())
        spread = float(np.square(steps - self._step).sum())
        if spread:
            slope = float(((steps - self._step) * (seconds - self._at)).sum()) / spread
            self._slope = max(slope, 1e-4)
