"""Run a session on a port until the player, a signal or an error ends it; then all is silent."""

from __future__ import annotations

import contextlib
import gc
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from lstm_music.errors import LstmMusicError
from lstm_music.live.commands import QuitSession, obey, words_of
from lstm_music.live.osc import OscCommands
from lstm_music.live.ports.port import Port
from lstm_music.live.session import Session

_EVERY_SECONDS = 0.003
_SWITCH_SECONDS = 0.0005
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class View(Protocol):
    """Shows what happens."""

    def show(self, session: Session, port: Port, now: float) -> None:
        """Show how things stand; called often."""


def run(
    session: Session,
    port: Port,
    view: View,
    *,
    osc: OscCommands | None = None,
    lines: queue.SimpleQueue[str] | None = None,
    complain: Callable[[str], None],
) -> None:
    """Play until it is over.

    Parameters
    ----------
    session, port, view : what plays, through what, shown how.
    osc : where commands come from besides; closed by the caller.
    lines : commands as text.
    complain : is told what is wrong with a command.

    Raises
    ------
    BackendError : the port is gone.
    """
    be_punctual()
    with _ended_by_signals() as ended:
        try:
            while not ended.wait(_EVERY_SECONDS):
                now = port.now()
                for seconds, message in port.received():
                    session.take(seconds, message)
                _obey_all(session, osc, lines, now, complain)
                port.send(session.advance(now))
                view.show(session, port, now)
                port.check()
        except QuitSession:
            pass
        finally:
            try:
                port.send(session.close(port.now()))
            finally:
                port.close()


def be_punctual() -> None:
    """Make Python wait for nothing that is longer than a millisecond."""
    gc.collect()
    gc.freeze()  # what is there stays: the collector need not look through it between two notes
    sys.setswitchinterval(_SWITCH_SECONDS)


def _obey_all(
    session: Session,
    osc: OscCommands | None,
    lines: queue.SimpleQueue[str] | None,
    now: float,
    complain: Callable[[str], None],
) -> None:
    for words, sender in () if osc is None else osc.received():
        assert osc is not None
        if words == ["get"]:
            for name, value in session.dials.values.items():
                osc.send(sender, "value", name, value)
            continue
        try:
            obey(session, words, now)
        except LstmMusicError as error:
            complain(str(error))
            osc.send(sender, "error", "bad_call", str(error))
    while lines is not None and not lines.empty():
        try:
            obey(session, words_of(lines.get()), now)
        except LstmMusicError as error:
            complain(str(error))


def lines_of_stdin() -> queue.SimpleQueue[str]:
    """The lines of standard input as they come; its end says quit."""
    found: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin or ():
            if line.strip():
                found.put(line)
        found.put("quit")

    threading.Thread(target=read, daemon=True).start()
    return found


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and the like set, as often as they come; then all is as before."""
    ended = threading.Event()
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name in _SIGNALS:
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None:
                before[number] = signal.signal(number, lambda *_: ended.set())
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
