"""The time of a session: whose clock it goes by, and the clock that it sends."""

from __future__ import annotations

import math

from lstm_music.errors import ConfigError
from lstm_music.live.clock import Clock, FollowedClock, SteadyClock
from lstm_music.live.events import CLOCK, CONTINUE, START, STOP, Timed, song_position_of
from lstm_music.live.tempo import found_clock

_USUAL_BPM = 120.0


class Timing:
    """A MIDI clock that comes in leads; else the tempo that was given; else the one that is found.

    Parameters
    ----------
    tempo_bpm : given; None: to be found.
    bar_steps : length of a bar.
    sends : whether ticks go out.
    waits : whether nothing begins before the clock that comes in has started.
    """

    def __init__(
        self, tempo_bpm: float | None, bar_steps: int, *, sends: bool = False, waits: bool = False
    ) -> None:
        self._given, self._bar_steps, self._sends = tempo_bpm, bar_steps, sends
        self._waits = waits
        self._followed = FollowedClock()
        self._own: SteadyClock | None = None
        self._next_tick: int | None = None
        self._was_running = False
        self._n_listened = 0
        self.is_found = False

    @property
    def is_followed(self) -> bool:
        """Whether the clock of another program leads."""
        return self._given is None and (self._waits or self._followed.has_ticked)

    @property
    def clock(self) -> Clock | None:
        """The clock; None: nothing has begun."""
        return self._followed if self.is_followed else self._own

    @property
    def source(self) -> str:
        """Who tells the tempo, in a word."""
        if self.is_followed:
            return "MIDI clock"
        return "fixed" if self._given is not None else "found" if self.is_found else "listening"

    def is_running(self, now: float) -> bool:
        """Whether the music goes on."""
        return self._followed.is_running(now) if self.is_followed else self._own is not None

    def take(self, seconds: float, message: bytes) -> bool:
        """A message about time; returns whether the song was started, moved or stopped."""
        if message[0] == CLOCK:
            self._followed.tick(seconds)
            return False
        if self._given is not None:
            return False
        if message[0] == START:
            self._followed.start()
        elif message[0] == CONTINUE:
            self._followed.resume()
        elif message[0] == STOP:
            self._followed.stop()
        else:
            step = song_position_of(message)
            if step is None:
                return False
            self._followed.locate(step)
        return True

    def begin(self, seconds: float) -> None:
        """The first bar begins, if nobody else says when."""
        if self._own is None and not self.is_followed:
            self._own = SteadyClock(seconds, self._given or _USUAL_BPM)

    def anchor(self, seconds: float, step: int) -> None:
        """A bar line is now; the tempo stays. Where another clock or a given tempo leads: no."""
        if self.is_free and self._own is not None:
            self._own = SteadyClock(seconds, self._own.tempo_bpm, step)

    def set_tempo(self, seconds: float, tempo_bpm: float) -> None:
        """From now on another tempo; the music goes on where it is.

        Raises
        ------
        ConfigError : the clock of another program leads.
        """
        if self.is_followed:
            raise ConfigError("the tempo is that of the MIDI clock that leads; change it there")
        self._given = tempo_bpm
        if self._own is not None:
            self._own = SteadyClock(seconds, tempo_bpm, self._own.steps_at(seconds))

    def find(self, played: list[tuple[float, int, int]]) -> bool:
        """Set the tempo by what was played from a bar line on; returns whether it could be told."""
        if not self.is_free or self._own is None or len(played) == self._n_listened:
            return False
        self._n_listened = len(played)
        line = round(self._own.steps_at(played[0][0]) / self._bar_steps) * self._bar_steps
        found = found_clock(played, line)
        if found is None:
            return False
        self._own, self.is_found = found, True
        return True

    @property
    def is_free(self) -> bool:
        """Whether the time is ours to set."""
        return self._given is None and not self.is_followed

    def ticks(self, now: float, until: float) -> list[Timed]:
        """What goes out to those who follow us, up to a time."""
        clock = self.clock
        if not self._sends or clock is None:
            return []
        found: list[Timed] = []
        if self.is_running(now):
            if self._next_tick is None:
                self._next_tick = max(math.ceil(clock.steps_at(now)), 0)
                found.append(Timed(clock.seconds_at(self._next_tick), bytes((START,))))
            last = math.floor(clock.steps_at(until))
            self._next_tick = max(self._next_tick, last - 24)  # after a jump, no flood
            while self._next_tick <= last:
                found.append(Timed(clock.seconds_at(self._next_tick), bytes((CLOCK,))))
                self._next_tick += 1
        elif self._next_tick is not None:
            found.append(Timed(now, bytes((STOP,))))
            self._next_tick = None
        return found

    def end(self, now: float) -> list[Timed]:
        """Those who follow us stop."""
        started, self._next_tick = self._next_tick is not None, None
        return [Timed(now, bytes((STOP,)))] if started else []
