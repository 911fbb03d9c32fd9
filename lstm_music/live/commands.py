"""What a player can say besides playing: the same words over OSC and in lines of text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.live.session import Session

WORDS = "set NAME VALUE, learn NAME [VALUE ...], mode NAME, panic, reset, quit"


class QuitSession(Exception):  # noqa: N818  # no error: the player is done
    """The player has had enough."""


def obey(session: Session, words: Sequence[Any], now: float) -> None:
    """Do what a command says.

    Parameters
    ----------
    words : the command, and what belongs to it: ``("set", "temperature", 0.8)``. ``set`` without
        a value gives a control its default.

    Raises
    ------
    ConfigError : there is no such command.
    QuitSession : it says so.
    """
    name, *rest = words or ("",)
    if name == "set" and rest:
        session.set(str(rest[0]), _value(rest[1:]))
    elif name == "learn" and rest:
        session.learn(str(rest[0]), tuple(rest[1:]))
    elif name == "mode" and len(rest) == 1:
        session.set_mode(str(rest[0]), now)
    elif name == "panic":
        session.panic(now)
    elif name == "reset":
        for control in list(session.dials.values):
            session.set(control, None)
    elif name == "quit":
        raise QuitSession
    else:
        raise ConfigError(f"there is no command {' '.join(map(str, words))!r}; there is {WORDS}")


def words_of(line: str) -> list[Any]:
    """The words of a line; ``set`` and ``learn`` take text that may have spaces in it.

    Examples
    --------
    >>> words_of("set temperature 0.8"), words_of("set scale D dorian")
    (['set', 'temperature', 0.8], ['set', 'scale', 'D dorian'])
    >>> words_of("learn scale C major, D dorian")
    ['learn', 'scale', 'C major', 'D dorian']
    """
    name, _, rest = line.strip().partition(" ")
    if name not in ("set", "learn"):
        return [name, *rest.split()]
    control, _, value = rest.strip().partition(" ")
    if name == "learn":
        return [name, control, *(_read(one.strip()) for one in value.split(",") if one.strip())]
    return [name, control, _read(value.strip())] if value.strip() else [name, control]


def _read(text: str) -> Any:
    """A number or a switch, where it is one; else the text."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, int | float) else text


def _value(rest: Sequence[Any]) -> Any:
    values = [int(x) if isinstance(x, float) and x.is_integer() else x for x in rest]
    if not values:
        return None
    return values[0] if len(values) == 1 else values
