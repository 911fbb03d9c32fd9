"""Controls while playing: their values, and the knobs (MIDI controllers) that turn them.

Every control of the table can be turned. A number goes from the low end of its dial to the high
end, a switch is on in the upper half, a choice is divided evenly; a control that is text (a scale,
chords, a key) needs the ``values`` between which its knob chooses.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lstm_music.errors import ConfigError, OutputError
from lstm_music.files import atomic_write
from lstm_music.generate.asking.by_name import check_known
from lstm_music.generate.asking.controls import Control
from lstm_music.generate.asking.request import CONTROLS, Request
from lstm_music.live.events import ALL_SOUND_OFF, SUSTAIN, ControlEvent

_NOT_WHILE_PLAYING = (
    *("n", "rank", "drafts", "max_copy", "beam", "form", "form_of", "ending"),  # whole takes
    *("tracks", "with_", "keep", "amount", "from_bar", "seed_bars", "pickup", "meter", "key"),
    "threads",
)
"""What the session itself decides, or what only a finished take can have."""

PLAYABLE = tuple(name for name in CONTROLS if name not in _NOT_WHILE_PLAYING)
"""The controls that a player can set."""

_DIALS: dict[str, tuple[float, float]] = {
    "bars": (1, 16),
    "tempo_bpm": (40, 240),
    "temperature": (0.5, 1.5),
    "temperature_rhythm": (0.5, 1.5),
    "temperature_pitch": (0.5, 1.5),
    "top_k": (0, 64),
    "top_p": (0.5, 1),
    "min_p": (0, 0.5),
    "typical_p": (0.2, 1),
    "surprise": (0, 0.9),
    "repetition_penalty": (1, 3),
    "no_repeat_ngram": (0, 32),
    "max_polyphony": (1, 16),
    "min_density": (0, 16),
    "max_density": (1, 32),
    "duration": (0.25, 4),
    "rng_seed": (0, 127),
}
"""Ends of a knob's way where those of the control are too far apart to play."""

_NOTE_VALUES = ("1/32", "1/16", "1/12", "1/8", "1/6", "1/4", "1/2", "1/1")
_RESERVED = (SUSTAIN, *range(ALL_SOUND_OFF, 128))
"""Controllers with a meaning of their own: they are never learnt."""


@dataclass(frozen=True)
class Knob:
    """A controller and what it turns.

    Parameters
    ----------
    control : a name of `PLAYABLE`; of a range ``NAME.low`` or ``NAME.high`` turns one end.
    channel, number : of the controller; the channel from 1, 0 for any.
    low, high : ends of its way, for numbers; None: the usual ones.
    values : what it chooses from, for text.
    """

    control: str
    channel: int
    number: int
    low: float | None = None
    high: float | None = None
    values: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        name, _, end = self.control.partition(".")
        check_playable(name)
        kind = CONTROLS[name].kind
        if end and (end not in ("low", "high") or not kind.startswith("range")):
            raise ConfigError(f"a knob turns .low or .high of a range, got {self.control!r}")
        if not end and kind.startswith("range") and not self.values:
            raise ConfigError(f"{name} is a range: a knob turns {name}.low or {name}.high")
        if kind in ("text", "any") and name != "bars" and not self.values:
            raise ConfigError(f"{name} is text: give the values that the knob chooses from")
        if not 0 <= self.channel <= 16 or not 0 <= self.number <= 127:
            raise ConfigError(
                "a knob has a channel of 1..16, or 0 for any, and a number of 0..127; got "
                f"{self.channel} and {self.number}"
            )
        if self.number in _RESERVED:
            raise ConfigError(f"controller {self.number} has a meaning of its own; take another")

    def is_turned_by(self, event: ControlEvent) -> bool:
        """Whether a message is from this knob."""
        return event.number == self.number and self.channel in (0, event.channel + 1)

    def value_at(self, place: int, now: Mapping[str, Any]) -> Any:
        """What the control becomes when the knob stands at 0..127.

        ``now`` : the present values, of which a range keeps its other end.
        """
        if self.values:
            return self.values[min(place * len(self.values) // 128, len(self.values) - 1)]
        name, _, end = self.control.partition(".")
        row = CONTROLS[name]
        if row.kind == "switch":
            return place >= 64
        if row.kind == "choice":
            return row.choices[min(place * len(row.choices) // 128, len(row.choices) - 1)]
        if row.kind == "note value":
            return _NOTE_VALUES[min(place * len(_NOTE_VALUES) // 128, len(_NOTE_VALUES) - 1)]
        low, high = self._way(row)
        number = low + (high - low) * place / 127
        if end:
            return _with_end(row, now.get(name), end, round(number))
        if row.kind == "integer" or name in _WHOLE:
            return round(number)
        return round(number, 3)

    def _way(self, row: Control) -> tuple[float, float]:
        low, high = _DIALS.get(row.name, (row.low, row.high))
        low = low if self.low is None else self.low
        high = high if self.high is None else self.high
        return (0.0 if low is None else low), (127.0 if high is None else high)


_WHOLE = ("bars", "max_polyphony", "min_density", "max_density")


def _with_end(row: Control, pair: Any, end: str, number: int) -> tuple[int, int]:
    """A range with one end moved; the other gives way rather than being crossed."""
    low, high = row.low or 0, row.high or 127
    if isinstance(pair, Mapping):
        pair = pair.get(0)
    before = (int(low), int(high)) if pair is None else _ends_of(row, pair)
    if end == "low":
        return number, max(before[1], number)
    return min(before[0], number), number


def _ends_of(row: Control, pair: Any) -> tuple[int, int]:
    """The ends of a range as a control takes it."""
    parsed = row.parse(pair)
    low, high = parsed[0] if isinstance(parsed, Mapping) else parsed
    return low, high


def check_playable(name: str) -> None:
    """Refuse a control that cannot be set while playing.

    Raises
    ------
    ConfigError : there is none, or it is none for a player; the message has those that are.
    """
    check_known([name])
    if name not in PLAYABLE:
        raise ConfigError(f"{name} cannot be set while playing; there is {', '.join(PLAYABLE)}")


class Dials:
    """The values of all controls, and the knobs that turn them.

    Parameters
    ----------
    values : by name, to begin with.
    path : file in which the knobs are kept; None: they are not kept.

    Raises
    ------
    ConfigError : a value is out of range, or the file holds no knobs.
    """

    def __init__(self, values: Mapping[str, Any] | None = None, path: Path | None = None) -> None:
        self.values: dict[str, Any] = {}
        self._path = path
        self.knobs: list[Knob] = [] if path is None else _read(path)
        self._learning: list[Knob] = []
        for name, value in (values or {}).items():
            self.set(name, value)

    @property
    def learning(self) -> str | None:
        """The control whose knob is to be turned next; None: none is being learnt."""
        return self._learning[0].control if self._learning else None

    def set(self, name: str, value: Any) -> dict[str, Any]:
        """Give a control a value, None for its default; returns what has changed.

        Raises
        ------
        ConfigError : no such control, or the value is out of range; all stays as it was.
        """
        check_playable(name)
        row = CONTROLS[name]
        if value is None:
            self.values.pop(name, None)
            return {name: row.default}
        row.parse(value)
        Request(**{name: value})
        if name == "bars":
            Request(bars=value).bar_count()
        self.values[name] = value
        return {name: value}

    def learn(self, control: str, values: tuple[Any, ...] = ()) -> None:
        """The next controller that moves turns this control from then on.

        Raises
        ------
        ConfigError : it cannot be turned.
        """
        self._learning.append(Knob(control, 0, 1, values=values))

    def turn(self, event: ControlEvent) -> dict[str, Any] | None:
        """What a controller that moves changes; None: it is no knob of ours.

        Raises
        ------
        ConfigError : the value is not possible beside the others.
        OutputError : a knob that was learnt cannot be kept.
        """
        if self._learning and event.number not in _RESERVED:
            self._learnt(event)
        for knob in self.knobs:
            if knob.is_turned_by(event):
                name = knob.control.partition(".")[0]
                return self.set(name, knob.value_at(event.value, self.values))
        return None

    def _learnt(self, event: ControlEvent) -> None:
        model = self._learning.pop(0)
        new = Knob(model.control, event.channel + 1, event.number, values=model.values)
        self.knobs = [
            knob
            for knob in self.knobs
            if knob.control != new.control and not knob.is_turned_by(event)
        ]
        self.knobs.append(new)
        if self._path is not None:
            text = json.dumps({"knobs": [asdict(knob) for knob in self.knobs]}, indent=1) + "\n"
            self._path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(self._path, text.encode())


def _read(path: Path) -> list[Knob]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["knobs"]
        return [Knob(**row | {"values": tuple(row.get("values", ()))}) for row in rows]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f'{path}: expected {{"knobs": [{{"control": ..., "channel": ..., "number": ...}}]}}: '
            f"{error}"
        ) from None


def usual_path() -> Path:
    """Where knobs are kept unless told otherwise: in the user's folder for settings."""
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA", Path.home() / "AppData" / "Roaming"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "lstm_music" / "live.json"
