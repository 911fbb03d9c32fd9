"""A thread that hands on each message at its time, by the system's steady clock."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterable

from lstm_music.live.events import Timed


class TimedSender:
    """Hands messages on, the earliest first.

    Parameters
    ----------
    send : takes a message, in the sender's thread. What it raises is kept, and ends the thread.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._waiting: list[tuple[float, int, bytes]] = []
        self._n = 0
        self._is_closing = False
        self.error: str | None = None
        self._condition = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self, events: Iterable[Timed]) -> None:
        """Take messages; those whose time has passed go at once."""
        with self._condition:
            for seconds, message in events:
                self._n += 1
                heapq.heappush(self._waiting, (seconds, self._n, message))
            self._condition.notify()

    def close(self) -> bool:
        """Hand on what waits, at once and in order, and end; False: it has ended before."""
        if self._is_closing:
            return False
        with self._condition:
            self._is_closing = True
            in_order = sorted(self._waiting)
            self._waiting = [(0.0, n, message) for n, (_, _, message) in enumerate(in_order)]
            self._condition.notify()
        self._thread.join()
        return True

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._is_closing and not self._is_due():
                    self._condition.wait(self._wait_seconds())
                if not self._waiting:
                    return
                _, _, message = heapq.heappop(self._waiting)
            try:
                self._send(message)
            except Exception as error:  # of rtmidi's own kinds, which differ by system
                self.error = str(error) or type(error).__name__
                return

    def _is_due(self) -> bool:
        return bool(self._waiting) and self._waiting[0][0] <= time.monotonic()

    def _wait_seconds(self) -> float | None:
        return self._waiting[0][0] - time.monotonic() if self._waiting else None
