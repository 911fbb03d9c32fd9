"""Commands over OSC, at the addresses of `lstm-music serve --osc`."""

from __future__ import annotations

import socket
import threading
from collections import deque
from typing import Any

from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket, ParseError

from lstm_music.errors import OutputError
from lstm_music.serve.osc import HOST, ROOT

_MOST_BYTES = 65536
_MOST_WAITING = 1024

Address = tuple[str, int]


class OscCommands:
    """Listens on this machine; what comes waits until it is asked for.

    Parameters
    ----------
    port : to listen at; 0 takes a free one.

    Raises
    ------
    OutputError : the port is not to be had.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((HOST, port))
        except (OSError, OverflowError) as error:
            self._socket.close()
            raise OutputError(
                f"cannot listen at port {port} ({error}); choose another: --osc 0 takes a free one"
            ) from None
        self.port: int = self._socket.getsockname()[1]
        self._waiting: deque[tuple[list[Any], Address]] = deque(maxlen=_MOST_WAITING)
        threading.Thread(target=self._run, daemon=True).start()

    def received(self) -> list[tuple[list[Any], Address]]:
        """The words of each command that has come, and who sent it."""
        found = []
        while self._waiting:
            found.append(self._waiting.popleft())
        return found

    def send(self, to: Address, name: str, *values: Any) -> None:
        """Tell who asked: ``/lstm_music/NAME VALUE ...``."""
        builder = OscMessageBuilder(f"{ROOT}/{name}")
        for value in values:
            builder.add_arg(value if isinstance(value, int | float) else str(value))
        try:
            self._socket.sendto(builder.build().dgram, to)
        except OSError:  # nobody listens there, or we are closing
            return

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()

    def _run(self) -> None:
        while True:
            try:
                data, address = self._socket.recvfrom(_MOST_BYTES)
            except OSError:
                return  # closed
            try:
                messages = [timed.message for timed in OscPacket(data).messages]
            except (ParseError, ValueError, IndexError, OverflowError, RecursionError) as error:
                self.send(address, "error", "bad_call", f"no OSC: {error}")
                continue
            for message in messages:
                self._waiting.append((_words(message.address, list(message.params)), address))


def _words(address: str, params: list[Any]) -> list[Any]:
    """``/lstm_music/set/bars 8`` -> set bars 8."""
    path = address.removeprefix(f"{ROOT}/")
    return [address, *params] if path == address else [*path.split("/"), *params]
