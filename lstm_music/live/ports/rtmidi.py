"""rtmidi: the MIDI of every system (ALSA, CoreMIDI, Windows), or JACK without its frames."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from lstm_music.errors import BackendError, ConfigError
from lstm_music.live.events import Timed
from lstm_music.live.ports.port import PortNames, Presence, one_named
from lstm_music.live.ports.sender import TimedSender


class RtmidiPort:
    """A virtual input and output, or connections to ports that are there.

    A thread of its own sends each message at its time.

    Parameters
    ----------
    names : of the ports.

    Raises
    ------
    BackendError : this system has no MIDI, no virtual ports, or no port of such a name.
    ConfigError : the library is not installed.
    """

    def __init__(self, names: PortNames) -> None:
        self._received: deque[Timed] = deque()
        self._came = float("inf")  # the first comes now
        api = _api()
        self._in, self._out = api.MidiIn(name=names.own), api.MidiOut(name=names.own)
        self._in.ignore_types(sysex=True, timing=False, active_sense=True)
        self._in.set_callback(self._receive)
        shown = [
            _open(self._in, names.source, f"{names.own} in", "--in"),
            _open(self._out, names.target, f"{names.own} out", "--out"),
        ]
        self.names = f"{', '.join(shown)} ({api.name})"
        self._others = [
            Presence(name, port.get_ports)
            for port, wanted, name in zip(
                (self._in, self._out), (names.source, names.target), shown, strict=True
            )
            if wanted is not None
        ]
        self._sender = TimedSender(self._out.send_message)

    def now(self) -> float:
        """Seconds of the system's steady clock."""
        return time.monotonic()

    def received(self) -> list[Timed]:
        """What has come since the last call."""
        found = []
        while self._received:
            found.append(self._received.popleft())
        return found

    def send(self, events: Iterable[Timed]) -> None:
        """Send messages at their times."""
        self._sender.send(events)

    def check(self) -> None:
        """See that the last message could be sent, and that the ports of others are there."""
        if self._sender.error is not None:
            raise BackendError(f"the MIDI port is gone: {self._sender.error}")
        for other in self._others:
            other.check()

    def close(self) -> None:
        """Send what still waits, at once, and close."""
        if not self._sender.close():
            return
        for port in (self._in, self._out):
            with contextlib.suppress(Exception):  # it may be gone
                port.close_port()
            port.delete()

    def _receive(self, event: tuple[list[int], float], _: Any = None) -> None:
        # The seconds since the message before are measured where it arrives; Python may be late.
        message, since = event
        self._came = min(self._came + since, time.monotonic())
        self._received.append(Timed(self._came, bytes(message)))


class _Api:
    """A way to MIDI that works here."""

    def __init__(self, rtmidi: Any, number: int) -> None:
        self._rtmidi, self._number = rtmidi, number
        self.name = rtmidi.get_api_display_name(number)

    def MidiIn(self, name: str) -> Any:  # noqa: N802
        return self._rtmidi.MidiIn(self._number, name)

    def MidiOut(self, name: str) -> Any:  # noqa: N802
        return self._rtmidi.MidiOut(self._number, name)


def _api() -> _Api:
    try:
        import rtmidi
    except ImportError:
        raise ConfigError(
            "python-rtmidi is not installed; pip install 'lstm_music[live]'"
        ) from None
    why = "it knows no way to MIDI here"
    for number in rtmidi.get_compiled_api():
        try:
            with _silent_libraries():
                probe = rtmidi.MidiOut(number, "lstm_music probe")
                probe.get_ports()
                probe.delete()
        except Exception as error:  # of rtmidi's own kinds, which differ by system
            why = str(error)
        else:
            return _Api(rtmidi, number)
    raise BackendError(f"no MIDI here: {why}; on Linux load snd-seq or start JACK")


@contextlib.contextmanager
def _silent_libraries() -> Iterator[None]:
    """Keep what ALSA and JACK print where they find nothing off the terminal: our error says it."""
    sys.stderr.flush()
    terminal, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nothing)


def _open(port: Any, wanted: str | None, own: str, option: str) -> str:
    there = port.get_ports()
    if wanted is None:
        try:
            port.open_virtual_port(own)
        except Exception as error:  # Windows has none
            raise BackendError(
                f"no virtual ports here ({error}); name a port: {option} NAME, of "
                f"{', '.join(there) or 'none'}"
            ) from None
        return own
    found = one_named(wanted, there)
    if found is None:
        raise BackendError(
            f"there is no MIDI port {wanted!r}; there is {', '.join(there) or 'none'}"
        )
    port.open_port(there.index(found), own)
    return str(found)


def rtmidi_port_names() -> tuple[list[str], list[str]]:
    """Ports that others send from, and those that they receive at.

    Raises
    ------
    BackendError : this system has no MIDI.
    """
    api = _api()
    source, target = api.MidiIn("lstm_music list"), api.MidiOut("lstm_music list")
    found = source.get_ports(), target.get_ports()
    source.delete()
    target.delete()
    return found
