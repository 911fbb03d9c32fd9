"""Durations on the command line: 90, 90s, 4m, 2h, 1h30m."""

from __future__ import annotations

import math
import re

import click

_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
_DURATION = re.compile("".join(rf"(?:{_NUMBER}{unit})?" for unit in _UNITS))
_BARE = re.compile(rf"{_NUMBER}(?:e[+-]?\d+)?")


def parse_seconds(text: str, bare_unit: str = "s") -> float:
    """Seconds of a duration.

    Parameters
    ----------
    text : numbers with the units d, h, m and s, the longest first, or one number alone.
    bare_unit : what a number alone counts.

    Raises
    ------
    ValueError : it is no duration.

    Examples
    --------
    >>> [parse_seconds(text) for text in ("90", "90s", "4m", "2h", "1h30m", "1.5m")]
    [90.0, 90.0, 240.0, 7200.0, 5400.0, 90.0]
    >>> parse_seconds("2", bare_unit="m")
    120.0
    """
    text = "".join(text.lower().split())
    if _BARE.fullmatch(text):
        seconds = float(text) * _UNITS[bare_unit]
    else:
        found = _DURATION.fullmatch(text)
        if not text or found is None:
            raise ValueError(f"a duration must look like 90, 90s, 4m, 2h or 1h30m, got {text!r}")
        seconds = sum(
            float(number) * unit
            for number, unit in zip(found.groups(), _UNITS.values(), strict=True)
            if number
        )
    if not math.isfinite(seconds):
        raise ValueError(f"a duration must be finite, got {text!r}")
    return seconds


class Duration(click.ParamType):  # type: ignore[type-arg]  # before click 8.4 it takes none
    """An option that takes a duration; its value is in the unit of a number alone.

    Parameters
    ----------
    bare_unit : what a number alone counts: "s" or "m".
    above : whether 0 is too short.
    """

    name = "duration"

    def __init__(self, bare_unit: str = "s", *, above: bool = False) -> None:
        self._bare_unit, self._above = bare_unit, above

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number that a text stands for; a number is left as it is."""
        if isinstance(value, int | float):
            return float(value)
        try:
            seconds = parse_seconds(str(value), self._bare_unit)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if self._above and seconds <= 0:
            self.fail(f"a duration above 0 is needed, got {value!r}", param, ctx)
        return seconds / _UNITS[self._bare_unit]
