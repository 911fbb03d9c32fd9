"""The protocol over OSC: messages for patches of Max, Pure Data, SuperCollider and Live."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias, cast

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import BuildError, OscMessageBuilder
from pythonosc.osc_packet import OscPacket, ParseError

from lstm_music.errors import OutputError
from lstm_music.files import atomic_write
from lstm_music.serve.protocol import ServeError, to_json
from lstm_music.serve.service import Service

ROOT = "/lstm_music"
HOST = "127.0.0.1"
NOTE_FIELDS = ("track", "pitch", "velocity", "onset_quarters", "duration_quarters")

_SEED_FIELDS = {
    "note": NOTE_FIELDS,
    "meter": ("numerator", "denominator"),
    "tempo": ("tempo_bpm",),
}
_MOST_RUNNING = 64
_BUNDLE_BYTES = 8192
_SENT: TypeAlias = tuple[str, tuple[Any, ...]]


class OscServer(asyncio.DatagramProtocol):
    """Takes messages and answers them.

    What is set (``/lstm_music/set/bars 8``) holds for all ``/lstm_music/complete`` that follow,
    whoever sends them: a patch has a dial for each control and one button.
    """

    def __init__(self, service: Service, reply_port: int | None, files: Path | None) -> None:
        self._service, self._reply_port, self._files = service, reply_port, files
        self._session = service.session()
        self._controls: dict[str, Any] = {}
        self._path: str | None = None
        self._played: dict[str, Any] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._n_calls = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers go out by."""
        # Not every loop's datagram transport is of the class DatagramTransport.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take one packet; what is no OSC is answered so, too."""
        to = (addr[0], self._reply_port or addr[1])
        try:
            messages = [timed.message for timed in OscPacket(data).messages]
        except (ParseError, ValueError, IndexError, OverflowError, RecursionError) as error:
            self._refuse(to, "", ServeError("bad_call", f"no OSC: {error}"))
            return
        for message in messages:
            try:
                self._take(message.address, list(message.params), to)
            except ServeError as error:
                self._refuse(to, message.address, error)

    def _take(self, address: str, params: list[Any], to: tuple[str, int]) -> None:
        name = address.removeprefix(f"{ROOT}/")
        if name == address:
            raise ServeError("unknown_method", f"addresses begin with {ROOT}/")
        if name.startswith("set/"):
            self._set(name.removeprefix("set/"), params)
        elif name == "seed":
            self._path, self._played = _one_text(params) or None, {}
        elif name.startswith("seed/"):
            self._play(name.removeprefix("seed/"), params)
        elif name == "reset":
            self._controls, self._path, self._played = {}, None, {}
        elif name == "get":
            shown = {"seed": self._path or "", **self._controls}
            self._send(to, [(f"{ROOT}/value", (n, _plain(v))) for n, v in shown.items()])
        elif name in ("complete", "hello", "cancel"):
            self._begin(name, params, to)
        else:
            raise ServeError(
                "unknown_method",
                f"{address[:64]!r} is not there; there is {ROOT}/ set/NAME, seed, seed/note, "
                "seed/meter, seed/tempo, reset, get, complete, cancel, hello",
            )

    def _set(self, name: str, params: list[Any]) -> None:
        """One value, or several numbers as a list; none takes the control back."""
        if not params:
            self._controls.pop(name, None)
            return
        if any(not isinstance(value, str | int | float | bool) for value in params):
            raise ServeError("bad_params", f"{name} must be text or numbers")
        values = [_whole(value) for value in params]
        self._controls[name] = values[0] if len(values) == 1 else values

    def _play(self, kind: str, params: list[Any]) -> None:
        """One note, the meter or the tempo of a seed that a patch has as notes, not as a file."""
        fields = _SEED_FIELDS.get(kind, ())
        numbers = [one for one in params if isinstance(one, int | float)]
        if not fields or len(numbers) != len(fields) or len(params) != len(fields):
            shown = ", ".join(f"{name} ({' '.join(to)})" for name, to in _SEED_FIELDS.items())
            raise ServeError("bad_params", f"to seed/ belong {shown}, as numbers")
        self._path = None
        rows = self._played.setdefault(f"{kind}s", [])
        if len(rows) >= self._service.limits.notes:
            raise ServeError("too_large", f"a seed has up to {self._service.limits.notes} notes")
        rows.append(dict(zip(fields, map(_whole, numbers))))

    def _begin(self, method: str, params: list[Any], to: tuple[str, int]) -> None:
        """Begin a call. Its id is the first argument, if there is one."""
        if len(self._running) >= _MOST_RUNNING:
            raise ServeError("busy", f"{_MOST_RUNNING} calls wait for their answers already")
        self._n_calls += 1
        call_id = _whole(params[0]) if params else self._n_calls
        if not isinstance(call_id, str | int):
            raise ServeError("bad_call", "the id must be a number or text")
        asked: dict[str, Any] = {}
        if method == "complete":
            asked = {"request": dict(self._controls), "events": True, "formats": ["notes", "midi"]}
            if self._path is not None:
                asked["seed"] = {"path": self._path}
            elif self._played:
                asked["seed"] = {"piece": self._played}
        elif method == "cancel":
            asked = {"id": call_id}
        own_id = f"cancel {call_id}" if method == "cancel" else call_id
        line = to_json({"id": own_id, "method": method, "params": asked})

        def send(news: bytes) -> None:
            self._told(json.loads(news), call_id, to)

        task = self._service.submit(self._session, line, send)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _told(self, news: dict[str, Any], call_id: str | int, to: tuple[str, int]) -> None:
        if "error" in news:
            error = news["error"]
            self._send(to, [(f"{ROOT}/error", (call_id, error["code"], error["message"]))])
        elif news.get("event") == "progress":
            data = news["data"]
            done, of = data.get("takes", 0), data.get("of", 0)
            self._send(to, [(f"{ROOT}/progress", (call_id, data["state"], done, of))])
        elif news.get("event") == "take":
            self._send(to, list(self._take_messages(news["data"], call_id)))
        else:
            self._send(to, [self._result(news["result"], call_id)])

    def _take_messages(self, take: dict[str, Any], call_id: str | int) -> Iterator[_SENT]:
        """The head of a take, its notes, and its end."""
        index, notes = take["index"], take["notes"]
        path = ""
        try:
            path = self._written(take, call_id)
        except OutputError as error:
            yield f"{ROOT}/error", (call_id, "internal", str(error))
        yield f"{ROOT}/take", (call_id, index, len(notes), path)
        for note in notes:
            yield f"{ROOT}/note", (call_id, index, *(note[name] for name in NOTE_FIELDS))
        yield f"{ROOT}/take_end", (call_id, index)

    def _written(self, take: dict[str, Any], call_id: str | int) -> str:
        """The path of the take as a MIDI file; "" where there is no folder for such."""
        if self._files is None:
            return ""
        safe = "".join(c for c in str(call_id) if c.isalnum() or c in "-_")[:64]
        path = self._files / f"osc-{safe}-{take['index'] + 1:03d}.mid"
        atomic_write(path, base64.b64decode(take["midi"]))
        return str(path)

    def _result(self, result: dict[str, Any], call_id: str | int) -> _SENT:
        if "protocol" in result:
            return f"{ROOT}/hello", (call_id, result["version"], result["protocol"])
        if "cancelled" in result:
            return f"{ROOT}/cancelled", (call_id, int(result["cancelled"]))
        return f"{ROOT}/done", (call_id, result["n"], str(result["rng_seed"]))

    def _refuse(self, to: tuple[str, int], about: str, error: ServeError) -> None:
        self._send(to, [(f"{ROOT}/error", (about, error.code, str(error)))])

    def _send(self, to: tuple[str, int], messages: list[_SENT]) -> None:
        """Send messages in their order, one packet each or bundled where there are many."""
        for packet in _packets(messages):
            self._transport.sendto(packet, to)


def _packets(messages: list[_SENT]) -> Iterator[bytes]:
    if len(messages) == 1:
        yield _message(*messages[0]).dgram
        return
    bundle, size = OscBundleBuilder(IMMEDIATELY), 0
    for address, values in messages:
        message = _message(address, values)
        if size and size + message.size > _BUNDLE_BYTES:
            yield bundle.build().dgram
            bundle, size = OscBundleBuilder(IMMEDIATELY), 0
        bundle.add_content(message)
        size += message.size + 4
    if size:
        yield bundle.build().dgram


def _message(address: str, values: tuple[Any, ...]) -> Any:
    builder = OscMessageBuilder(address)
    for value in values:
        text = value if not isinstance(value, str) else value.replace("\0", "")
        builder.add_arg(text)
    try:
        return builder.build()
    except BuildError:  # a number that OSC has no room for
        return _message(address, tuple(map(str, values)))


def _whole(value: Any) -> Any:
    """A number as JSON has it: dials send 8.0 where 8 is meant."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else json.dumps(value)


def _one_text(params: list[Any]) -> str:
    if len(params) > 1 or any(not isinstance(one, str) for one in params):
        raise ServeError("bad_params", "the seed must be one path, or nothing")
    return params[0] if params else ""


async def serve_osc(
    service: Service, port: int, reply_port: int | None = None, files: Path | None = None
) -> asyncio.DatagramTransport:
    """Listen for OSC on this machine.

    Parameters
    ----------
    service : what answers.
    port : to listen at; 0 takes a free one.
    reply_port : where answers go; None: to the port that asked.
    files : a folder that takes are written into; None: notes alone are sent.

    Raises
    ------
    OSError : the port is not to be had.
    """
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: OscServer(service, reply_port, files), local_addr=(HOST, port)
    )
    return transport
