"""What we have begun to sound, so that all of it ends: no note hangs."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from lstm_music.live.events import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    SUSTAIN,
    Timed,
    control_change,
    note_off,
    note_on,
)

_SILENCING = ((SUSTAIN, 0), (ALL_NOTES_OFF, 0), (ALL_SOUND_OFF, 0))
_JUST_AFTER = 1e-4  # seconds: behind what was sent to sound later


class Voices:
    """Notes to come in steps, notes that sound, and the messages for both.

    A key that is struck again while it sounds is let go first; the end of the earlier note then
    ends nothing more.
    """

    def __init__(self) -> None:
        self._coming: list[tuple[float, int, int, tuple[int, int, int, float]]] = []
        self._ends: list[tuple[float, int, tuple[int, int]]] = []
        self._sounding: dict[tuple[int, int], int] = {}
        self._channels: set[int] = set()
        self._n = 0
        self._latest = float("-inf")

    @property
    def n_sounding(self) -> int:
        """How many notes sound."""
        return len(self._sounding)

    @property
    def is_idle(self) -> bool:
        """Whether nothing sounds and nothing is to come."""
        return not self._sounding and not self._coming

    def add(self, start: float, end: float, channel: int, pitch: int, velocity: int) -> None:
        """A note to come, in steps."""
        self._n += 1
        heapq.heappush(self._coming, (start, self._n, channel, (channel, pitch, velocity, end)))

    def due(self, until_steps: float, seconds_at: Callable[[float], float]) -> list[Timed]:
        """The messages of all that begins or ends before a step, in order."""
        found: list[Timed] = []
        while True:
            start = self._coming[0][0] if self._coming else float("inf")
            end = self._ends[0][0] if self._ends else float("inf")
            if min(start, end) >= until_steps:
                break
            if end <= start:
                self._end(found, seconds_at)
            else:
                self._begin(found, seconds_at)
        return found

    def sent(self, seconds: float, channel: int) -> None:
        """A message went out beside the notes."""
        self._channels.add(channel)
        self._latest = max(self._latest, seconds)

    def drop_coming(self) -> None:
        """Nothing more begins; what sounds, ends in its time."""
        self._coming.clear()

    def release(self, now: float) -> list[Timed]:
        """Nothing more begins, and what sounds ends now."""
        at = max(now, self._latest + _JUST_AFTER)
        found = [Timed(at, note_off(*key)) for key in sorted(self._sounding)]
        self._coming.clear()
        self._ends.clear()
        self._sounding.clear()
        return found

    def panic(self, now: float) -> list[Timed]:
        """`release`, and every channel that we have used is told to be silent."""
        found = self.release(now)
        at = max(now, self._latest + _JUST_AFTER)
        return found + [
            Timed(at, control_change(channel, number, value))
            for channel in sorted(self._channels)
            for number, value in _SILENCING
        ]

    def _begin(self, found: list[Timed], seconds_at: Callable[[float], float]) -> None:
        start, number, _, (channel, pitch, velocity, end) = heapq.heappop(self._coming)
        at = self._now(seconds_at(start))
        key = (channel, pitch)
        if key in self._sounding:
            found.append(Timed(at, note_off(*key)))
        self._sounding[key] = number
        self._channels.add(channel)
        heapq.heappush(self._ends, (end, number, key))
        found.append(Timed(at, note_on(channel, pitch, velocity)))

    def _end(self, found: list[Timed], seconds_at: Callable[[float], float]) -> None:
        end, number, key = heapq.heappop(self._ends)
        if self._sounding.get(key) == number:
            del self._sounding[key]
            found.append(Timed(self._now(seconds_at(end)), note_off(*key)))

    def _now(self, seconds: float) -> float:
        """Never before what was sent already: a tempo that changes must not swap on and off."""
        self._latest = max(self._latest, seconds)
        return self._latest
