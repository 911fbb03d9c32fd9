"""JACK: what comes in is known to the frame, and what goes out sounds at its frame."""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from lstm_music.errors import BackendError, ConfigError
from lstm_music.live.events import Timed
from lstm_music.live.ports.port import PortNames, Presence, one_named

_WRAP = 1 << 32  # JACK counts frames in 32 bits
_PERIODS_TO_CLOSE = 50
_PERIODS_TO_ARRIVE = 4  # what is written in one period, others read in this one or the next


class JackPort:
    """An input and an output of a JACK client.

    Parameters
    ----------
    names : of the client, and what to connect with.

    Raises
    ------
    BackendError : no JACK server runs, or no port has such a name.
    ConfigError : the library is not installed.
    """

    def __init__(self, names: PortNames) -> None:
        jack = _library()
        try:
            self._client = jack.Client(names.own, no_start_server=True)
        except jack.JackOpenError:
            raise _no_server() from None
        self._rate = self._client.samplerate
        self._in: Any = self._client.midi_inports.register("in")
        self._out: Any = self._client.midi_outports.register("out")
        self._received: deque[Timed] = deque()
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, int, bytes]] = []
        self._sent = self._last_frame = self._laps = 0
        self._emptied = threading.Event()
        self._gone: str | None = None
        self._others: list[Presence] = []
        self._is_closed = False
        self._latest = float("-inf")
        self._client.set_process_callback(self._process)
        self._client.set_shutdown_callback(self._shutdown)
        self._client.activate()
        try:
            self._connect(names)
        except BackendError:
            self._client.close()
            raise
        self.names = f"{self._client.name}:in, {self._client.name}:out (JACK)"

    def _connect(self, names: PortNames) -> None:
        own = self._client.name
        for wanted, is_source in ((names.source, True), (names.target, False)):
            if wanted is None:
                continue
            there = self._client.get_ports(
                is_midi=True, is_output=is_source, is_input=not is_source
            )
            found = one_named(wanted, [p.name for p in there if p.name.split(":")[0] != own])
            if found is None:
                raise BackendError(_no_port(wanted, [port.name for port in there]))
            ends = (found, self._in) if is_source else (self._out, found)
            self._client.connect(*ends)
            self._others.append(Presence(found, self._port_names))

    def _port_names(self) -> list[str]:
        return [port.name for port in self._client.get_ports(is_midi=True)]

    def now(self) -> float:
        """Seconds since JACK began to count; never less than before.

        Between two periods JACK estimates the frame, and takes some back when a period is late.
        """
        self._latest = max(self._latest, self._unwrapped(self._client.frame_time) / self._rate)
        return self._latest

    def received(self) -> list[Timed]:
        """What has come since the last call."""
        found = []
        while self._received:
            found.append(self._received.popleft())
        return found

    def send(self, events: Iterable[Timed]) -> None:
        """Send messages at their frames."""
        with self._lock:
            for seconds, message in events:
                self._sent += 1
                heapq.heappush(self._waiting, (round(seconds * self._rate), self._sent, message))

    def check(self) -> None:
        """See that the server is still there, and the ports of others."""
        if self._gone is not None:
            raise BackendError(f"the JACK server is gone ({self._gone}); start it, and us, again")
        for other in self._others:
            other.check()

    def close(self) -> None:
        """Send what still waits, and close."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._gone is None:
            with self._lock:
                in_order = sorted(self._waiting)
                self._waiting = [(0, n, message) for n, (_, _, message) in enumerate(in_order)]
                self._emptied.clear()
            period = self._client.blocksize / self._rate
            if self._emptied.wait(max(_PERIODS_TO_CLOSE * period, 1.0)):
                time.sleep(_PERIODS_TO_ARRIVE * period)
            self._client.deactivate()
        self._client.close()

    def _process(self, frames: int) -> None:
        """In JACK's own thread: one period."""
        begin = self._unwrapped(self._client.last_frame_time)
        for offset, data in self._in.incoming_midi_events():
            self._received.append(Timed((begin + offset) / self._rate, bytes(data)))
        self._out.clear_buffer()
        with self._lock:
            while self._waiting and self._waiting[0][0] < begin + frames:
                frame, _, message = heapq.heappop(self._waiting)
                self._out.write_midi_event(max(frame - begin, 0), message)
            if not self._waiting:
                self._emptied.set()

    def _unwrapped(self, frame: int) -> int:
        """Frames from the beginning, though the counter begins again every day."""
        last = self._last_frame
        frame += last // _WRAP * _WRAP
        if frame < last - _WRAP // 2:
            frame += _WRAP
        self._last_frame = max(last, frame)
        return frame

    def _shutdown(self, _: Any, reason: str) -> None:
        self._gone = reason


def jack_port_names() -> tuple[list[str], list[str]]:
    """MIDI ports that others send from, and those that they receive at.

    Raises
    ------
    BackendError : no JACK server runs.
    """
    jack = _library()
    try:
        client = jack.Client("lstm_music_list", no_start_server=True)
    except jack.JackOpenError:
        raise _no_server() from None
    with client:
        sources = client.get_ports(is_midi=True, is_output=True)
        targets = client.get_ports(is_midi=True, is_input=True)
        return [p.name for p in sources], [p.name for p in targets]


def _library() -> Any:
    try:
        import jack
    except ImportError:
        raise ConfigError("JACK-Client is not installed; pip install 'lstm_music[live]'") from None
    except OSError as error:
        raise BackendError(f"JACK's own library is not installed: {error}") from None
    for set_function in (jack.set_error_function, jack.set_info_function):
        set_function(lambda _: None)  # what matters is said by our own errors
    return jack


def _no_server() -> BackendError:
    return BackendError(
        "no JACK server is running; start one, such as jackd or PipeWire, or leave out "
        "--backend jack"
    )


def _no_port(wanted: str, there: list[str]) -> str:
    return f"there is no MIDI port {wanted!r}; there is {', '.join(there) or 'none'}"
