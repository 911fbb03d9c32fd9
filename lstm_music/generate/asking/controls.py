"""What a control is: one row of the table that request, command line and schema are made from."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from numbers import Integral, Real
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.music.grid import STEPS_PER_QUARTER

EVERY = ("generate", "infill", "accompany", "vary")
"""All tasks."""

_STEPS_A_WHOLE = 4 * STEPS_PER_QUARTER
_KEY = "control"


@dataclass(frozen=True)
class Control:
    """One control.

    Parameters
    ----------
    name : of the field of `lstm_music.generate.asking.request.Request`.
    kind : a key of `KINDS`.
    default : what holds if it is not set.
    help : one line.
    group : heading under which it is shown.
    unit : of a number.
    low, high : range of a number, both ends included; None: open.
    choices : of a word.
    tasks : where it applies.
    """

    name: str
    kind: str
    default: Any
    help: str
    group: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    tasks: tuple[str, ...] = EVERY

    @property
    def option(self) -> str:
        """Its name on the command line."""
        return "--" + self.name.rstrip("_").removesuffix("_bpm").replace("_", "-")

    def parse(self, value: Any) -> Any:
        """The value as the field holds it.

        Raises
        ------
        ConfigError : of another kind, or out of range.
        """
        if value is None:
            return None
        return KINDS[self.kind](self, value)

    def refuse(self, expected: str, value: Any) -> ConfigError:
        """The error for a value that is not as expected."""
        unit = f" {self.unit}" if self.unit else ""
        return ConfigError(f"{self.name} must be {expected}{unit}, got {value!r}")

    def schema(self) -> dict[str, Any]:
        """As JSON schema, with a description."""
        found: dict[str, Any] = _JSON[self.kind](self) | {"description": self.help}
        found |= {"enum": list(self.choices)} if self.choices else {}
        found |= {"x-unit": self.unit} if self.unit else {}
        found |= {"x-kind": self.kind, "x-group": self.group, "x-tasks": list(self.tasks)}
        if isinstance(self.default, bool | int | float | str):
            found["default"] = self.default
        return found


def control(kind: str, default: Any, help_: str, *, group: str, **more: Any) -> Any:
    """A dataclass field that is a control; its name is the field's."""
    return field(default=default, metadata={_KEY: (kind, help_, group, more)})


def controls_of(request: type) -> dict[str, Control]:
    """The controls among a dataclass's fields, by name."""
    found = {}
    for one in fields(request):
        if _KEY in one.metadata:
            kind, help_, group, more = one.metadata[_KEY]
            found[one.name] = Control(one.name, kind, _default(one), help_, group, **more)
    return found


def _default(one: Field[Any]) -> Any:
    return None if one.default is MISSING else one.default


def _number(control: Control, value: Any) -> float:
    expected = _range_text(control)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise control.refuse(expected, value)
    number = float(value)
    if not (control.low is None or number >= control.low) or not (
        control.high is None or number <= control.high
    ):
        raise control.refuse(expected, value)
    if not math.isfinite(number):
        raise control.refuse(expected, value)
    return number


def _integer(control: Control, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise control.refuse(f"a whole number, {_range_text(control)}", value)
    return int(_number(control, value))


def _range_text(control: Control) -> str:
    if control.low is None and control.high is None:
        return "a number"
    if control.high is None:
        return f"{control.low:g} or more"
    return f"{control.low:g}..{control.high:g}"


def _switch(control: Control, value: Any) -> bool:
    if not isinstance(value, bool):
        raise control.refuse("true or false", value)
    return value


def _text(control: Control, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise control.refuse("a word or text", value)
    if control.choices and value not in control.choices:
        raise control.refuse(f"one of {', '.join(control.choices)}", value)
    return value


def _one_number(control: Control, value: Any) -> float:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise control.refuse(_range_text(control), value) from None
    return _number(control, value)


def _pair(control: Control, value: Any) -> tuple[int, int]:
    """A range such as 48-84."""
    expected = f"a range such as {control.low:g}-{control.high:g}"
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+)\s*-\s*(\d+)\s*", value)
        value = (int(match[1]), int(match[2])) if match else None
    pair = tuple(value) if isinstance(value, tuple | list) else ()
    if len(pair) != 2 or any(isinstance(x, bool) or not isinstance(x, Integral) for x in pair):
        raise control.refuse(expected, value)
    low, high = (int(_number(control, x)) for x in pair)
    if low > high:
        raise control.refuse(f"{expected}, the lower end first", value)
    return low, high


def note_value_steps(text: str) -> int | None:
    """Grid steps of a note value such as "1/8", a fraction of a whole note; None: it is none."""
    match = re.fullmatch(r"\s*(\d{1,3})\s*/\s*(\d{1,3})\s*", text)
    if not match or not int(match[2]):
        return None
    steps, between = divmod(int(match[1]) * _STEPS_A_WHOLE, int(match[2]))
    return steps if steps and not between else None


def _note_value(control: Control, value: Any) -> int:
    """Steps of a note value."""
    steps = note_value_steps(value) if isinstance(value, str) else None
    if steps is None:
        raise control.refuse(
            "a note value such as 1/8, a whole number of 96ths of a whole note", value
        )
    return steps


def _track_number(name: Any) -> Any:
    is_text = isinstance(name, str) and name.strip().isdecimal() and len(name) < 10
    return int(name) if is_text else name


def _by_track(parse: Callable[[Control, Any], Any]) -> Callable[[Control, Any], Any]:
    """One value for all open tracks, or one for each: ``"1:48-72,2:36-55"`` or ``{1: (48, 72)}``.

    It becomes a dict by number of the track, from 1; 0 stands for all others.
    """

    def parsed(control: Control, value: Any) -> dict[int, Any]:
        if isinstance(value, str) and ":" in value:
            parts = [part.split(":", 1) for part in value.split(",")]
            if any(len(part) != 2 or not part[0].strip().isdecimal() for part in parts):
                raise control.refuse("one value, or one a track such as 1:.., 2:..", value)
            value = {int(track): what for track, what in parts}
        if not isinstance(value, Mapping):
            return {0: parse(control, value)}
        # JSON has no keys but text.
        value = {_track_number(track): what for track, what in value.items()}
        if any(isinstance(n, bool) or not isinstance(n, Integral) or n < 0 for n in value):
            raise control.refuse("by number of the track, from 1", value)
        return {int(track): parse(control, what) for track, what in value.items()}

    return parsed


KINDS: dict[str, Callable[[Control, Any], Any]] = {
    "number": _number,
    "integer": _integer,
    "switch": _switch,
    "text": _text,
    "choice": _text,
    "number by track": _by_track(_one_number),
    "range": _pair,
    "range by track": _by_track(_pair),
    "note value": _note_value,
    "any": lambda _, value: value,
}
"""What values there are, and how each is read."""


def _bounds(control: Control) -> dict[str, Any]:
    low = {} if control.low is None else {"minimum": control.low}
    return low | ({} if control.high is None else {"maximum": control.high})


def _json_number(control: Control) -> dict[str, Any]:
    return {"type": "number", **_bounds(control)}


def _json_pair(control: Control) -> dict[str, Any]:
    low_high = {"type": "integer", **_bounds(control)}
    pair = {"type": "array", "items": low_high, "minItems": 2, "maxItems": 2}
    return {"anyOf": [pair, {"type": "string"}]}


def _json_by_track(
    one: Callable[[Control], dict[str, Any]],
) -> Callable[[Control], dict[str, Any]]:
    def schema(control: Control) -> dict[str, Any]:
        value = one(control)
        by_track = {"type": "object", "patternProperties": {"^[0-9]+$": value}}
        return {"anyOf": [value, {"type": "string"}, by_track | {"additionalProperties": False}]}

    return schema


_JSON: dict[str, Callable[[Control], dict[str, Any]]] = {
    "number": _json_number,
    "integer": lambda control: {"type": "integer", **_bounds(control)},
    "switch": lambda _: {"type": "boolean"},
    "text": lambda _: {"type": "string"},
    "choice": lambda _: {"type": "string"},
    "number by track": _json_by_track(_json_number),
    "range": _json_pair,
    "range by track": _json_by_track(_json_pair),
    "note value": lambda _: {"type": "string"},
    "any": lambda _: {"type": ["string", "integer", "array"]},
}
"""How JSON says each kind of value."""


def bar_pair(bars: Any, name: str = "bars") -> tuple[int, int]:
    """First and last bar of ``"5-8"``, ``"5"`` or ``(5, 8)``.

    Raises
    ------
    ConfigError : it is none of these.
    """
    if isinstance(bars, str):
        match = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?", bars)
        bars = (int(match[1]), int(match[2] or match[1])) if match else None
    if isinstance(bars, int) and not isinstance(bars, bool):
        bars = (bars, bars)
    pair = tuple(bars) if isinstance(bars, Sequence) and not isinstance(bars, str) else ()
    if len(pair) != 2 or any(isinstance(x, bool) or not isinstance(x, int) for x in pair):
        raise ConfigError(f"{name} must look like 5-8, got {bars!r}")
    if not 0 <= pair[0] <= pair[1]:
        raise ConfigError(f"{name} must look like 5-8, the first bar first, got {bars!r}")
    return int(pair[0]), int(pair[1])
