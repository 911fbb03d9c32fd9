"""What every way to other programs has: messages with their times, in and out."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from lstm_music.errors import BackendError
from lstm_music.live.events import Timed

_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class PortNames:
    """Which ports are meant.

    Parameters
    ----------
    own : of the ports that we open, as others see them.
    source, target : ports, or the beginning or a part of their names, with which ours are
        connected; None: others connect themselves.
    """

    own: str = "lstm_music"
    source: str | None = None
    target: str | None = None


class Port(Protocol):
    """Messages in and out, on one clock."""

    names: str
    """What is open, for people."""

    def now(self) -> float:
        """Seconds by the clock of this port."""

    def received(self) -> list[Timed]:
        """What has come since the last call, with when it came."""

    def send(self, events: Iterable[Timed]) -> None:
        """Send messages at their times, at once where these have passed."""

    def check(self) -> None:
        """See that the port is still there.

        Raises
        ------
        BackendError : it is gone.
        """

    def close(self) -> None:
        """Send what still waits, at once, and close."""


def one_named(wanted: str, there: Iterable[str]) -> str | None:
    """The port of a name, else the first that begins with it, else that has it within."""
    names = list(there)
    for fits in (str.__eq__, str.startswith, str.__contains__):
        for name in names:
            if fits(name, wanted):
                return name
    return None


class Presence:
    """Sees whether a port that another program or device has is still there.

    No way to MIDI says so by itself: what is sent to a port that is gone is lost.

    Parameters
    ----------
    name : of the port.
    there : the names of all such ports.
    """

    def __init__(self, name: str, there: Callable[[], Iterable[str]]) -> None:
        self._name, self._there = name, there
        self._next = time.monotonic()

    def check(self) -> None:
        """Look, unless that was a moment ago.

        Raises
        ------
        BackendError : the port is gone.
        """
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _LOOK_SECONDS
        if _plain(self._name) not in map(_plain, self._there()):
            raise BackendError(
                f"the MIDI port {self._name!r} is gone; connect it again, and start us again"
            )


def _plain(name: str) -> str:
    """A name without the number that Windows counts its ports by: it changes with the others."""
    return re.sub(r" \d+$", "", name)
