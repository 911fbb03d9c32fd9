"""Signals that end a run, held back while something must not be torn apart.

For the command line only: a library installs no signal handlers.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU")


class Interrupt:
    """Raises KeyboardInterrupt for Ctrl-C and SystemExit(128 + n) for the other signals.

    Under `held` a signal waits until the context ends.

    Attributes
    ----------
    pending : the signal that waits; 0: none.
    """

    def __init__(self) -> None:
        self._depth = 0
        self.pending = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """A stretch in which no signal raises."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self.pending and not self._depth:
            self._raise()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Handle the signals that end a program; the old handlers come back after."""
        numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
        before = {number: signal.signal(number, self._receive) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        self.pending = number
        if not self._depth:
            self._raise()

    def _raise(self) -> None:
        number, self.pending = self.pending, 0
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)
