"""What may stand behind a cell's name, ``name[:key=value[,key=value]]``; read here alone.

A cell says what it accepts with a tuple of :class:`Option`; :func:`read_options` reads the text
and :func:`canonical` writes it back: only what differs from the defaults, in the cell's order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lstm_music.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Option:
    """One key that a cell accepts.

    Attributes
    ----------
    key : what stands before the ``=``.
    default : the value where the key is not given.
    takes : the values it may have, for messages.
    read : the value of a text; raises ValueError where there is none.
    """

    key: str
    default: Any
    takes: str
    read: Callable[[str], Any]

    def text(self, value: Any = None) -> str:
        """``key=value`` as it stands in a name; None: the default.

        Examples
        --------
        >>> number("forget_bias", 1.0, -100, 100).text()
        'forget_bias=1'
        """
        value = self.default if value is None else value
        if isinstance(value, tuple):
            written = "x".join(map(str, value))
        elif isinstance(value, float) and value.is_integer():
            written = str(int(value))
        else:
            written = str(value)
        return f"{self.key}={written}"


def choice(key: str, *values: str) -> Option:
    """One of some words; the first is the default."""

    def read(text: str) -> str:
        return values[values.index(text)]

    return Option(key, values[0], " or ".join(values), read)


def number(key: str, default: float, least: float, below: float) -> Option:
    """A number, ``least`` <= it < ``below``."""

    def read(text: str) -> float:
        value = float(text)
        if not least <= value < below:  # also where it is NaN
            raise ValueError
        return value

    return Option(key, default, f"a number, {least:g} <= it < {below:g}", read)


ZONEOUT_C = number("zoneout_c", 0.0, 0, 1)
ZONEOUT_H = number("zoneout_h", 0.0, 0, 1)
"""Probability that a unit of c, of h, keeps its old value; ``cell_spec`` puts them in the spec."""


def sizes(key: str, default: tuple[int, ...], axes: tuple[int, ...], most: int) -> Option:
    """Whole numbers in 1..``most`` joined by ``x``, as many as ``axes`` allows: 88 or 12x8."""

    def read(text: str) -> tuple[int, ...]:
        parts = text.split("x")
        if len(parts) not in axes or not all(p.isascii() and p.isdigit() for p in parts):
            raise ValueError
        value = tuple(map(int, parts))
        if not all(1 <= size <= most for size in value):
            raise ValueError
        return value

    forms = " or ".join("x".join("N" * n) for n in axes)
    return Option(key, default, f"{forms}, N a whole number in 1..{most}", read)


def read_options(cell: str, options: tuple[Option, ...], parts: Sequence[str]) -> dict[str, Any]:
    """Every option's value, by key.

    Parameters
    ----------
    cell : the plain name, for messages.
    options : what the cell accepts.
    parts : what stands behind the name, each ``key=value``.

    Raises
    ------
    ConfigError : a key is unknown or comes twice, or a value is wrong; the message lists what
        the cell accepts.

    Examples
    --------
    >>> options = (choice("s_h", "tanh", "identity"), sizes("size", (12, 8), (1, 2), 99))
    >>> read_options("toy", options, ["size=88"])
    {'s_h': 'tanh', 'size': (88,)}
    """
    known = {option.key: option for option in options}
    given: dict[str, Any] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if key not in known or not equals:
            raise ConfigError(f"{cell} has no option {part!r}; {_accepted(cell, options)}")
        if key in given:
            raise ConfigError(f"{cell}: {key} is given twice; {_accepted(cell, options)}")
        try:
            given[key] = known[key].read(value)
        except ValueError:
            raise ConfigError(
                f"{cell}: {key} cannot be {value!r}; {_accepted(cell, options)}"
            ) from None
    return {key: given.get(key, option.default) for key, option in known.items()}


def canonical(cell: str, options: tuple[Option, ...], values: Mapping[str, Any]) -> str:
    """The one name of a cell with these values.

    Examples
    --------
    >>> options = (sizes("size", (2,), (1, 2), 99), number("z", 0, 0, 1))
    >>> canonical("toy", options, {"size": (12, 8), "z": 0})
    'toy:size=12x8'
    """
    parts = [
        option.text(values[option.key])
        for option in options
        if values[option.key] != option.default
    ]
    return f"{cell}:{','.join(parts)}" if parts else cell


def _accepted(cell: str, options: tuple[Option, ...]) -> str:
    """What to do next."""
    kinds = "; ".join(f"{option.key} = {option.takes}" for option in options)
    return f"{cell} accepts NAME:KEY=VALUE,... with {kinds}"
