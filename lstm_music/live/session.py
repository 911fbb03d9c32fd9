"""A session: timed MIDI events go in, timed MIDI events come out. It knows no ports, no time.

Whoever runs it calls `Session.take` for what comes in and `Session.advance` every few
milliseconds, and sends what that returns at the times that it says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lstm_music.errors import LstmMusicError
from lstm_music.live.composing import Compose, Row, Writing
from lstm_music.live.dials import Dials
from lstm_music.live.events import (
    ALL_SOUND_OFF,
    CLOCK,
    DRUM_CHANNEL,
    Timed,
    control_of,
    note_of,
    program_change,
)
from lstm_music.live.modes import Scene, mode_named
from lstm_music.live.record import Part, Record
from lstm_music.live.settings import MODES, Settings
from lstm_music.live.sounding import Voices
from lstm_music.live.timing import Timing
from lstm_music.music.instruments.general_midi import instrument_name
from lstm_music.music.piece import TIMING_PER_STEP, Track

HORIZON_SECONDS = 0.05
"""Events are given out so long before they sound: a port that can then waits for the moment."""

_AHEAD_SECONDS = 0.25
"""Notes are written so long before they sound: a control that changes is heard after that."""

_TEMPO = "tempo_bpm"
_LEAD, _MOST_LEAD_SECONDS = 1.5, 1.0
"""The next turn is asked for so many times earlier than the last one took; within limits."""

Tell = Callable[[dict[str, Any]], None]
"""Is told what happens, as JSON has it: {"event": ..., ...}."""


class Session:
    """What is being played.

    Parameters
    ----------
    settings : how.
    compose : what writes notes.
    dials : the controls.
    tell : is told what happens.
    """

    def __init__(self, settings: Settings, compose: Compose, dials: Dials, tell: Tell) -> None:
        self.settings, self.dials = settings, dials
        self._compose, self._tell = compose, tell
        self._voices = Voices()
        self._mode, self.mode_name = mode_named(settings.mode, settings.turns), settings.mode
        self._writing: Writing | None = None
        self._end_steps = 0
        self._is_halted = False
        self._lead = settings.lead_seconds
        self._asked_at: float | None = None
        self._now = 0.0
        self._out: list[Timed] = []
        self._programs_sent = False
        self._begin_record()

    def _begin_record(self) -> None:
        settings = self.settings
        self.timing = Timing(
            settings.tempo_bpm,
            settings.meter.bar_steps,
            sends=settings.sends_clock,
            waits=settings.waits_for_clock,
        )
        self.record = Record(_parts(settings), settings.meter)
        self._seed_waits = settings.seed is not None

    @property
    def n_sounding(self) -> int:
        """How many notes sound."""
        return self._voices.n_sounding

    def bar_and_beat(self, now: float) -> tuple[int, int] | None:
        """Bar and beat from 1; None: time stands still."""
        clock = self.timing.clock
        if clock is None or not self.timing.is_running(now):
            return None
        bar, place = divmod(clock.steps_at(now), self.settings.meter.bar_steps)
        return int(bar) + 1, int(place) // self.settings.meter.beat_steps + 1

    def take(self, seconds: float, message: bytes) -> None:
        """A message from an instrument or another program."""
        self._now = seconds
        if not message:
            return
        if message[0] >= CLOCK or message[0] == 0xF2:
            if self.timing.take(seconds, message):
                self._moved(seconds)
        elif (note := note_of(message)) is not None:
            self._play(seconds, note)
        elif (control := control_of(message)) is not None:
            if control.number >= ALL_SOUND_OFF:
                self.panic(seconds)
                return
            self._guarded(lambda: self._turned(control))

    def set(self, name: str, value: Any) -> None:
        """Give a control a value; refused, with the reason told, if it cannot be."""
        self._guarded(lambda: self._changed(self.dials.set(name, value)))

    def learn(self, control: str, values: tuple[Any, ...] = ()) -> None:
        """The next controller that moves turns this control."""

        def learn() -> None:
            self.dials.learn(control, values)
            self._tell({"event": "learning", "control": control})

        self._guarded(learn)

    def set_mode(self, name: str, now: float) -> None:
        """Play in another way from now on."""
        if name not in MODES or (name == "follow" and not self.settings.instruments):
            why = f"mode must be one of {', '.join(MODES)}; follow needs instruments"
            self._tell({"event": "error", "message": f"{why}; got {name!r}"})
            return
        self._stop(now)
        self._is_halted = False
        self._mode, self.mode_name = mode_named(name, self.settings.turns), name
        self._tell({"event": "mode", "mode": name})

    def panic(self, now: float) -> None:
        """Everything that sounds ends now; nothing more is written until the player goes on.

        That is a key, a start of the clock that leads, or another mode.
        """
        self._stop(now)
        self._is_halted = True
        self._out += self._voices.panic(now)
        self.record.release_all(now)
        self._tell({"event": "panic"})

    def advance(self, now: float) -> list[Timed]:
        """What is to be sent, in order; it may sound up to `HORIZON_SECONDS` later."""
        self._now = now
        self._begin_seed(now)
        until = now + HORIZON_SECONDS
        if self.timing.is_running(now):
            self._write(now)
            self._sound(until)
        elif self._writing is not None or not self._voices.is_idle:
            self._stop(now)
        found = self._out + self.timing.ticks(now, until)
        self._out = []
        return self._programs(now, found) + sorted(found, key=lambda one: one.seconds)

    def close(self, now: float) -> list[Timed]:
        """The last messages: all that sounds ends, those who follow our clock stop."""
        self._cancel()
        found, self._out = self._out, []
        return found + self._voices.panic(now) + self.timing.end(now)

    def _programs(self, now: float, found: list[Timed]) -> list[Timed]:
        """Instruments are chosen once, before anything sounds."""
        if self._programs_sent or not found:
            return []
        self._programs_sent = True
        at = min(now, found[0].seconds)
        parts = [part for part in self.record.parts if part.channel != DRUM_CHANNEL]
        for part in parts:
            self._voices.sent(at, part.channel)
        return [Timed(at, program_change(part.channel, part.track.program)) for part in parts]

    def _play(self, seconds: float, note: Any) -> None:
        if note.velocity:
            self._is_halted = False
            if self._mode.yields and (self._writing is not None or not self._voices.is_idle):
                self._stop(seconds)
            if self.timing.clock is None:
                self.timing.begin(seconds)
            elif self.timing.is_free and self._is_new_phrase():
                line = -(-self._end_steps // self.record.bar_steps) * self.record.bar_steps
                self.timing.anchor(seconds, line)
        self.record.take(seconds, note)

    def _is_new_phrase(self) -> bool:
        """Whether the player begins anew where the time is theirs to set."""
        return self._mode.yields and not self.record.onsets

    def _begin_seed(self, now: float) -> None:
        """The seed of an endless piece stands before the first bar."""
        seed = self.settings.seed
        if seed is None or not self._seed_waits:
            return
        if not self.timing.is_followed:
            self.timing.begin(now + self.settings.lead_seconds)
        if not self.timing.is_running(now):
            return
        self._seed_waits = False
        bar = self.settings.meter.bar_steps
        clock = self.timing.clock
        line = 0 if clock is None else int(-(-clock.steps_at(now) // bar)) * bar
        shift = line - -(-seed.end_steps // bar) * bar
        for note in seed.notes:
            onset, duration, pitch, velocity, _, timing = note.tolist()
            self.record.ours((onset + shift, duration, pitch, velocity, 0, timing))

    def _write(self, now: float) -> None:
        if self._writing is not None and self._writing.is_done:
            self._writing = None
            self._tell({"event": "written", "until_bar": self._bar(self._end_steps)})
        if self._writing is not None or self._is_halted:
            return
        scene = Scene(
            self.settings,
            self.timing,
            self.record,
            self.dials.values,
            now,
            self._lead,
            is_busy=not self._voices.is_idle,
            end_steps=self._end_steps,
        )
        ask = self._mode.next_ask(scene)
        if ask is None:
            return
        self._tell(
            {
                "event": "asked",
                "bar": self._bar(ask.start_steps),
                "bars": ask.bars,
                "tempo_bpm": round(self.timing.clock.tempo_bpm, 2) if self.timing.clock else None,
                "heard": _shown(ask.piece.notes),
            }
        )
        self._end_steps, self._asked_at = ask.end_steps, now

        def begin() -> None:
            self._writing = self._compose(ask)

        self._guarded(begin)

    def _bar(self, steps: int) -> int:
        return steps // self.settings.meter.bar_steps + 1

    def _sound(self, until: float) -> None:
        clock = self.timing.clock
        if clock is None:
            return
        if self._writing is not None:
            ahead = clock.steps_at(until + _AHEAD_SECONDS)
            rows = self._writing.until(ahead)
            if rows and self._asked_at is not None:
                took, self._asked_at = until - HORIZON_SECONDS - self._asked_at, None
                self._lead = min(max(self.settings.lead_seconds, _LEAD * took), _MOST_LEAD_SECONDS)
            for row in rows:
                self._add(row)
        self._out += self._voices.due(clock.steps_at(until), clock.seconds_at)

    def _add(self, row: Row) -> None:
        onset, duration, pitch, velocity, part, timing = row
        start = onset + timing / TIMING_PER_STEP
        channel = self.record.parts[part].channel
        self._voices.add(start, start + duration, channel, pitch, velocity)
        self.record.ours(row)
        self._tell(
            {
                "event": "note",
                "part": part,
                "pitch": pitch,
                "velocity": velocity,
                "onset_quarters": onset / 24,
                "duration_quarters": duration / 24,
            }
        )

    def _turned(self, control: Any) -> None:
        learning = self.dials.learning
        changed = self.dials.turn(control)
        if learning is not None and self.dials.learning != learning:
            self._tell(
                {"event": "learnt", "control": learning, "number": control.number}
                | {"channel": control.channel + 1}
            )
        if changed is not None:
            self._changed(changed)

    def _changed(self, values: dict[str, Any]) -> None:
        if values.get(_TEMPO) is not None:
            given_out = self._now + HORIZON_SECONDS  # till then the old tempo is on its way
            self.timing.set_tempo(given_out, float(values[_TEMPO]))
        for name, value in values.items():
            self._tell({"event": "control", "name": name, "value": value})
        if self._writing is not None:
            self._writing.change(values)

    def _moved(self, now: float) -> None:
        """The song was started, moved or stopped: what we had in mind does not fit any more."""
        self._stop(now)
        self.record.forget()
        self._end_steps, self._is_halted = 0, False
        self._seed_waits = self.settings.seed is not None

    def _stop(self, now: float) -> None:
        self._cancel()
        self._out += self._voices.release(now)
        if self.timing.clock is not None:
            step = self.timing.clock.steps_at(now)
            self.record.cut(step)
            self._end_steps = min(self._end_steps, int(step))

    def _cancel(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def _guarded(self, what: Callable[[], None]) -> None:
        """Do something that may be refused; the music goes on all the same."""
        try:
            what()
        except LstmMusicError as error:
            self._tell({"event": "error", "message": str(error)})


def _parts(settings: Settings) -> list[Part]:
    parts = [Part(Track(settings.program, name="You"), settings.channel)]
    free = [c for c in range(16) if c not in (DRUM_CHANNEL, settings.channel)]
    for track in settings.instruments:
        channel = DRUM_CHANNEL if track.is_drum else free.pop(0)
        named = Track(track.program, track.is_drum, instrument_name(track.program, track.is_drum))
        parts.append(Part(named, channel, is_ours=True))
    return parts


def _shown(notes: Any) -> list[list[int]]:
    """Onset and duration in steps, and pitch."""
    return [[int(n["onset_steps"]), int(n["duration_steps"]), int(n["pitch_midi"])] for n in notes]
