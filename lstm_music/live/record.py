"""What has been played, by the player and by us, in steps; and the last bars of it as a piece."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_music.live.clock import Clock
from lstm_music.live.events import DRUM_CHANNEL, NoteEvent
from lstm_music.music.listening.quantise import quantise
from lstm_music.music.meter import Meter
from lstm_music.music.piece import TIMING_PER_STEP, Piece, Tempo, Track, make_notes

CONTEXT_BARS = 16
"""So many bars before the new ones does the network hear."""

_KEPT_BARS = 2 * CONTEXT_BARS


@dataclass(frozen=True)
class Part:
    """A track of the music.

    Parameters
    ----------
    track : its instrument.
    channel : on which its notes sound when we play them, from 0.
    is_ours : whether we alone play it.
    """

    track: Track
    channel: int
    is_ours: bool = False


@dataclass
class _Played:
    """A note of the player, in seconds; without an end while the key is down."""

    start: float
    pitch: int
    velocity: int
    part: int
    end: float | None = None


class Record:
    """The music so far.

    Parameters
    ----------
    parts : the tracks; the first is the player's own. A second of theirs is added when they
        strike drums (channel 10).
    meter : of all bars.
    """

    def __init__(self, parts: list[Part], meter: Meter) -> None:
        self.parts, self.meter = list(parts), meter
        self._steps: list[tuple[int, int, int, int, int, int]] = []  # rows of make_notes
        self._played: list[_Played] = []
        self._down: dict[tuple[int, int], _Played] = {}
        self.last_seconds = float("-inf")

    @property
    def bar_steps(self) -> int:
        """Length of a bar."""
        return self.meter.bar_steps

    @property
    def onsets(self) -> list[tuple[float, int, int]]:
        """Seconds, pitch and velocity of what is played and not yet on steps."""
        return [(note.start, note.pitch, note.velocity) for note in self._played]

    @property
    def keys_down(self) -> int:
        """How many keys are held."""
        return len(self._down)

    @property
    def is_empty(self) -> bool:
        """Whether there is no note."""
        return not self._steps and not self._played

    def take(self, seconds: float, event: NoteEvent) -> None:
        """A key of the player goes down or up."""
        key = (event.channel, event.pitch)
        before = self._down.pop(key, None)
        if before is not None:
            before.end = max(seconds, before.start)
        if event.velocity:
            note = _Played(seconds, event.pitch, event.velocity, self._part_of(event.channel))
            self._played.append(note)
            self._down[key] = note
        self.last_seconds = seconds

    def release_all(self, seconds: float) -> None:
        """Every key counts as let go."""
        for note in self._down.values():
            note.end = max(seconds, note.start)
        self._down.clear()

    def ours(self, row: tuple[int, int, int, int, int, int]) -> None:
        """A note that we have played: a row of `make_notes`."""
        self._steps.append(row)

    def cut(self, step: float) -> None:
        """What we were to play from a step on is not played."""
        self._steps = [row for row in self._steps if row[0] < step]

    def settle(self, clock: Clock, now: float) -> list[tuple[int, int, int, int, int, int]]:
        """Put what was played on steps; held keys stay open. Returns the rows."""
        settled = [note for note in self._played if note.end is not None]
        self._played = [note for note in self._played if note.end is None]
        rows = [_row(note, clock, now) for note in settled]
        self._steps += rows
        return rows

    def piece(self, clock: Clock, until: int, now: float) -> tuple[Piece, int]:
        """The last bars before a bar line, and the step at which they begin.

        Held keys end now; nothing after ``until`` is in it, and it is as long as its bars.
        """
        rows = self._steps + [_row(note, clock, now) for note in self._played]
        first = min((row[0] for row in rows), default=until)
        begin = max(until - CONTEXT_BARS * self.bar_steps, self._bar_line(first))
        heard = [
            (row[0] - begin, min(row[1], until - row[0]), *row[2:])
            for row in rows
            if begin <= row[0] < until
        ]
        kept = until - _KEPT_BARS * self.bar_steps
        self._steps = [row for row in self._steps if row[0] >= kept]
        piece = Piece(
            notes=make_notes(heard),
            tracks=tuple(part.track for part in self.parts),
            meters=(self.meter,),
            tempos=(Tempo.from_bpm(min(max(clock.tempo_bpm, 4.0), 1000.0)),),
            length_steps=until - begin,
        )
        return _within(quantise(piece), until - begin), begin

    def forget(self) -> None:
        """Begin anew."""
        self._steps, self._played = [], []
        self._down.clear()

    def has_ours(self, part: int, since: int) -> bool:
        """Whether a part has notes at a step or later."""
        return any(row[4] == part and row[0] >= since for row in self._steps)

    def _bar_line(self, step: int) -> int:
        return step // self.bar_steps * self.bar_steps

    def _part_of(self, channel: int) -> int:
        if channel != DRUM_CHANNEL or self.parts[0].track.is_drum:
            return 0
        for i, part in enumerate(self.parts):
            if part.track.is_drum and not part.is_ours:
                return i
        self.parts.append(Part(Track(0, True, "Drums"), DRUM_CHANNEL))
        return len(self.parts) - 1


def _row(note: _Played, clock: Clock, now: float) -> tuple[int, int, int, int, int, int]:
    start = clock.steps_at(note.start)
    end = clock.steps_at(now if note.end is None else note.end)
    step, timing = divmod(round(start * TIMING_PER_STEP), TIMING_PER_STEP)
    return step, max(round(end - step), 1), note.pitch, note.velocity, note.part, timing


def _within(piece: Piece, end: int) -> Piece:
    """Notes that the grid has moved to the bar line, which is not theirs, stay before it."""
    notes = piece.notes[piece.notes["onset_steps"] < end].copy()
    return piece.replace(notes=notes, length_steps=end)
