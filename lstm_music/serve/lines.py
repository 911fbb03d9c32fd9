"""Lines of JSON over streams: TCP and the standard streams."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from lstm_music.serve.limits import Limits
from lstm_music.serve.protocol import ServeError, envelope, error_payload, too_large
from lstm_music.serve.service import Service, Session

_CHUNK_BYTES = 1 << 16
_SEND_SECONDS = 60.0
_HTTP = re.compile(rb"[A-Z]{3,10} \S+ HTTP/\d")


class Splitter:
    """Cuts what comes into lines; of one that is too long nothing is kept."""

    def __init__(self, most: int) -> None:
        self._most, self._parts, self._skips = most, bytearray(), False

    def feed(self, data: bytes) -> list[bytes | None]:
        """The lines that are whole now; None for one that is too long."""
        found: list[bytes | None] = []
        *whole, rest = data.split(b"\n")
        for part in whole:
            self._add(part)
            found.append(self._taken())
        self._add(rest)
        return found

    @property
    def holds_some(self) -> bool:
        """Whether a line has begun."""
        return self._skips or bool(self._parts)

    def _add(self, part: bytes) -> None:
        if self._skips:
            return
        self._parts += part
        if len(self._parts) > self._most:
            self._parts, self._skips = bytearray(), True

    def _taken(self) -> bytes | None:
        line = None if self._skips else bytes(self._parts)
        self._parts, self._skips = bytearray(), False
        return line


class Outbox:
    """Lines on their way to a client, up to some bytes; one who does not read is left."""

    def __init__(self, most: int) -> None:
        self._most, self._lines, self._size = most, list[bytes](), 0
        self._more = asyncio.Event()
        self._ends = self.is_lost = False

    def send(self, line: bytes) -> None:
        """Add a line."""
        self._lines.append(line + b"\n")
        self._size += len(line)
        self.is_lost |= self._size > self._most
        self._more.set()

    def lose(self) -> None:
        """The client is gone."""
        self.is_lost = True
        self._more.set()

    def finish(self) -> None:
        """No more lines come."""
        self._ends = True
        self._more.set()

    async def carry(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        """Write lines as they come, until all are written or the client is lost."""
        while not self.is_lost and not (self._ends and not self._lines):
            await self._more.wait()
            self._more.clear()
            lines, self._lines = self._lines, []
            for line in lines:
                if self.is_lost:
                    return
                try:
                    await asyncio.wait_for(write(line), _SEND_SECONDS)
                except (OSError, TimeoutError):
                    self.lose()
                self._size -= len(line) - 1


class Source(Protocol):
    """Where bytes come from."""

    async def read(self, size: int, /) -> bytes:
        """Some bytes; none at the end."""


async def talk(
    service: Service,
    session: Session,
    source: Source,
    write: Callable[[bytes], Awaitable[None]],
) -> None:
    """Answer the lines of one client until it has sent its last and has all its answers."""
    outbox = Outbox(service.limits.answer_bytes)
    carrying = asyncio.create_task(outbox.carry(write))
    answers: set[asyncio.Task[None]] = set()
    reading = asyncio.create_task(_answer_lines(service, session, source, outbox, answers))
    try:
        await asyncio.wait({reading, carrying}, return_when=asyncio.FIRST_COMPLETED)
        if not carrying.done() and answers:
            both: list[asyncio.Future[Any]] = [
                asyncio.gather(*answers, return_exceptions=True),
                carrying,
            ]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        outbox.finish()
        await carrying
    finally:
        for task in (reading, carrying, *answers):
            task.cancel()
        service.leave(session)
        await asyncio.gather(reading, carrying, return_exceptions=True)


async def _answer_lines(
    service: Service,
    session: Session,
    source: Source,
    outbox: Outbox,
    answers: set[asyncio.Task[None]],
) -> None:
    splitter = Splitter(service.limits.request_bytes)
    loop, late = asyncio.get_running_loop(), None
    is_first = True
    while True:
        try:
            async with asyncio.timeout_at(late):
                data = await source.read(_CHUNK_BYTES)
        except TimeoutError:
            _refuse(outbox, ServeError("too_slow", "the line was not there whole in time"))
            return
        except OSError:
            outbox.lose()
            return
        # What ends without a line's end is a line, too.
        lines = splitter.feed(data or b"\n" * splitter.holds_some)
        for line in lines:
            if is_first and line is not None and _HTTP.match(line):
                # A web page can have its browser send lines here; none of them is to be obeyed.
                _refuse(outbox, ServeError("bad_call", "HTTP has another port (--http)"))
                return
            is_first = False
            if line is None:
                _refuse(outbox, too_large(service.limits.request_bytes))
            elif line.strip():
                task = service.submit(session, line, outbox.send)
                answers.add(task)
                task.add_done_callback(answers.discard)
                await asyncio.sleep(0)
        if not data:
            return
        if not splitter.holds_some:
            late = None
        elif lines or late is None:
            late = loop.time() + service.limits.receive_seconds


def _refuse(outbox: Outbox, error: ServeError) -> None:
    outbox.send(envelope(None, "error", error_payload(error)))


async def serve_tcp(service: Service, host: str, port: int, *, admitted: bool) -> asyncio.Server:
    """Listen on a TCP port.

    Parameters
    ----------
    host, port : where; port 0 takes a free one.
    admitted : whether clients may call without a token.

    Raises
    ------
    OSError : the port is not to be had.
    """
    limits: Limits = service.limits
    sessions: set[Session] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        session = service.session(admitted=admitted)
        try:
            if len(sessions) >= limits.connections:
                busy = ServeError("busy", f"{limits.connections} clients are connected already")
                await write(envelope(None, "error", error_payload(busy)) + b"\n")
                return
            sessions.add(session)
            await talk(service, session, reader, write)
        except OSError:
            pass  # gone before it had its answer
        finally:
            sessions.discard(session)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    return await asyncio.start_server(connected, host, port, limit=_CHUNK_BYTES)


class _Input:
    """Standard input, read by a thread: not every system lets a loop wait for it."""

    def __init__(self, descriptor: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue(maxsize=4)
        threading.Thread(target=self._pump, args=(descriptor,), daemon=True).start()

    def _pump(self, descriptor: int) -> None:
        data = b"?"
        while data:
            try:
                data = os.read(descriptor, _CHUNK_BYTES)
            except OSError:
                data = b""
            with contextlib.suppress(RuntimeError):  # the loop is closed
                asyncio.run_coroutine_threadsafe(self._chunks.put(data), self._loop).result()

    async def read(self, _size: int, /) -> bytes:
        return await self._chunks.get()


async def serve_stdio(service: Service) -> None:
    """Talk over the standard streams until standard input ends; who started us is trusted."""
    output = os.dup(1)
    os.dup2(2, 1)  # what anybody prints must not get between the answers
    loop = asyncio.get_running_loop()

    async def write(data: bytes) -> None:
        await loop.run_in_executor(None, _write_all, output, data)

    session = service.session(trusted=True)
    await talk(service, session, _Input(0), write)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
