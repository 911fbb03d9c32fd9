"""What a player sees: ports, bar, mode, the last phrase; or a line of JSON for each event."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lstm_music.live.ports.port import Port
from lstm_music.live.session import Session

_REDRAWN_SECONDS = 0.1
_WIDTH, _STEPS_A_CELL = 64, 6
_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


class JsonView:
    """Each event as one line.

    Parameters
    ----------
    write : takes a line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write, self._now = write, 0.0
        self._bar: int | None = None

    def tell(self, event: dict[str, Any]) -> None:
        """Write an event, with the seconds of the port."""
        self._write(json.dumps({"seconds": round(self._now, 4), **event}))

    def show(self, session: Session, port: Port, now: float) -> None:
        """Write a line where a bar begins."""
        self._now = now
        at = session.bar_and_beat(now)
        bar = None if at is None else at[0]
        if bar != self._bar:
            self._bar = bar
            clock = session.timing.clock
            tempo = None if clock is None else round(clock.tempo_bpm, 2)
            self.tell({"event": "bar", "bar": bar, "tempo_bpm": tempo})


class TerminalView:
    """A picture that is drawn again and again, on a terminal."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._drawn = float("-inf")
        self._phrase: list[list[int]] = []
        self._ours: list[str] = []
        self._message = ""

    def __enter__(self) -> TerminalView:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def tell(self, event: dict[str, Any]) -> None:
        """Keep what is to be shown."""
        kind = event["event"]
        if kind == "asked":
            self._phrase, self._ours = event["heard"], []
        elif kind == "note":
            self._ours.append(note_name(event["pitch"]))
        elif kind == "error":
            self._message = event["message"]
        elif kind == "learning":
            self._message = f"turn the knob for {event['control']}"
        elif kind == "learnt":
            self._message = f"controller {event['number']} turns {event['control']}"
        elif kind in ("control", "mode", "panic"):
            self._message = ""

    def show(self, session: Session, port: Port, now: float) -> None:
        """Draw, if it is time."""
        if now - self._drawn < _REDRAWN_SECONDS:
            return
        self._drawn = now
        self._live.update(self._picture(session, port, now), refresh=True)

    def _picture(self, session: Session, port: Port, now: float) -> Group:
        at, clock = session.bar_and_beat(now), session.timing.clock
        rows = Table.grid(padding=(0, 2))
        rows.add_row("ports", port.names)
        rows.add_row("mode", f"{session.mode_name}, {session.settings.meter}")
        tempo = "" if clock is None else f"{clock.tempo_bpm:.1f}, {session.timing.source}"
        rows.add_row("tempo", tempo or "waiting for the first note, or a clock")
        rows.add_row("bar", "-" if at is None else f"{at[0]}, beat {at[1]}")
        values = ", ".join(f"{name} {value}" for name, value in session.dials.values.items())
        rows.add_row("controls", values or "-")
        rows.add_row("written", " ".join(self._ours[-16:]) or "-")
        return Group(rows, roll(self._phrase), Text(self._message, style="yellow"))


def note_name(pitch: int) -> str:
    """A pitch as musicians write it: 60 is C4.

    Examples
    --------
    >>> note_name(60), note_name(70)
    ('C4', 'Bb4')
    """
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"


def roll(notes: list[list[int]]) -> Text:
    """The end of a phrase as a small piano roll: (onset, duration, pitch) in, lines out."""
    if not notes:
        return Text("")
    last = max(onset + duration for onset, duration, _ in notes)
    begin = max(last - _WIDTH * _STEPS_A_CELL, 0)
    shown = [note for note in notes if note[0] >= begin]
    lines = []
    for pitch in sorted({note[2] for note in shown}, reverse=True):
        cells = [" "] * _WIDTH
        for onset, duration, _ in (note for note in shown if note[2] == pitch):
            first = (onset - begin) // _STEPS_A_CELL
            until = max((onset + duration - begin) // _STEPS_A_CELL, first + 1)
            cells[first:until] = ["▬"] * (min(until, _WIDTH) - first)
        lines.append(f"{note_name(pitch):>4} {''.join(cells).rstrip()}")
    return Text("\n".join(lines))
