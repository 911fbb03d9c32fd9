"""Run the server: which transports, until when."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lstm_music.errors import ConfigError, OutputError
from lstm_music.serve.exchange import Exchange
from lstm_music.serve.limits import Limits
from lstm_music.serve.lines import serve_stdio, serve_tcp
from lstm_music.serve.service import Service
from lstm_music.serve.shared import EXCHANGE, announce, shared_place

_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Settings:
    """What is served, and how.

    Parameters
    ----------
    stdio : whether on the standard streams; the server ends with standard input.
    tcp, http, osc : ports, 0 for a free one; None: not.
    osc_reply : port to which answers over OSC go; None: to the port that asked.
    host : address to listen at, for TCP and HTTP; OSC has no token and stays on this machine.
    token : what clients show to be trusted; needed from all of them beyond this machine.
    hosts, origins : of `lstm_music.serve.http.make_app`.
    files : a folder whose music anybody may have read, and into which OSC writes.
    static : a folder with a page for `/`.
    exchange : folders in which calls come as files.
    opened : a file that the page may fetch at `/opened`.
    shared : be the server that `lstm_music.client.connect` finds.
    idle_seconds : end after so long without a call; None: never.
    model : what composes unless a request names another.
    precision : of the weights of all models: bfloat16, float32 or int8.
    limits : what clients may ask.
    """

    stdio: bool = False
    tcp: int | None = None
    http: int | None = None
    osc: int | None = None
    osc_reply: int | None = None
    host: str = "127.0.0.1"
    token: str | None = None
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    files: Path | None = None
    static: Path | None = None
    exchange: tuple[Path, ...] = ()
    opened: Path | None = None
    shared: bool = False
    idle_seconds: float | None = None
    model: str = "default"
    precision: str = "bfloat16"
    limits: Limits = field(default_factory=Limits)


Listening = Callable[[dict[str, tuple[str, int]]], None]
"""What is told the address of each transport when all of them listen."""


def run(settings: Settings, listening: Listening) -> None:
    """Serve until a signal, the end of standard input, or idleness ends it.

    Raises
    ------
    ConfigError : the settings exclude each other, or a library is missing.
    OutputError : a port is not to be had.
    RunLockedError : a shared server runs already.
    ServeError : the model cannot be loaded.
    """
    _check(settings)
    if settings.shared:
        with shared_place() as folder:
            asyncio.run(_serve(settings, listening, folder))
    else:
        asyncio.run(_serve(settings, listening, None))


def is_this_machine(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _check(settings: Settings) -> None:
    if not is_this_machine(settings.host):
        if settings.token is None:
            raise ConfigError(
                f"--host {settings.host} lets other machines in: give --token, too, which they "
                "have to show"
            )
        if settings.shared:
            raise ConfigError("a shared server is for this machine; leave out --host or --shared")
    if settings.token is not None and len(settings.token) < 16:
        raise ConfigError("a token must have 16 characters or more")
    if settings.static is not None and not settings.static.is_dir():
        raise ConfigError(f"{settings.static}: not a folder")
    if settings.files is not None and not settings.files.is_dir():
        raise ConfigError(f"{settings.files}: not a folder")


async def _serve(settings: Settings, listening: Listening, shared: Path | None) -> None:
    token = settings.token or secrets.token_urlsafe(24)
    service = Service(
        settings.limits,
        model=settings.model,
        precision=settings.precision,
        token=token,
        files=None if settings.files is None else str(settings.files),
    )
    ended = asyncio.Event()
    _end_on_signals(ended)
    async with contextlib.AsyncExitStack() as stack:
        addresses = await _listen(settings, service, stack, ended)
        own = () if shared is None else (shared / EXCHANGE,)
        exchanges = [Exchange(service, folder) for folder in (*settings.exchange, *own)]
        stack.push_async_callback(service.close)
        await service.start()
        for exchange in exchanges:
            _end_with(_background(exchange.serve(), stack), ended)
        if shared is not None:
            announce(shared, *addresses["tcp"], token)
        listening(addresses)
        if settings.stdio:
            _end_with(_background(serve_stdio(service), stack), ended)
        if settings.idle_seconds is not None:
            _end_with(_background(_idle(service, settings.idle_seconds), stack), ended)
        await ended.wait()


async def _listen(
    settings: Settings, service: Service, stack: contextlib.AsyncExitStack, ended: asyncio.Event
) -> dict[str, tuple[str, int]]:
    """Open every port that is asked for, before anything takes time."""
    addresses = {}
    local = is_this_machine(settings.host)
    tcp = 0 if settings.shared and settings.tcp is None else settings.tcp
    if tcp is not None:
        with _port_errors(tcp):
            server = await serve_tcp(service, settings.host, tcp, admitted=local)
        stack.callback(server.close)
        addresses["tcp"] = server.sockets[0].getsockname()[:2]
    if settings.http is not None:
        with _library_errors():
            from lstm_music.serve import http
        with _port_errors(settings.http):
            socket = http.listening_socket(settings.host, settings.http)
        stack.callback(socket.close)
        addresses["http"] = socket.getsockname()[:2]
        app = http.make_app(
            service,
            host=settings.host,
            hosts=settings.hosts,
            origins=settings.origins,
            needs_token=not local,
            static=settings.static,
            opened=settings.opened,
        )
        serving = http.make_server(service, app).serve(sockets=[socket])
        _end_with(_background(serving, stack), ended)
    if settings.osc is not None:
        with _library_errors():
            from lstm_music.serve.osc import serve_osc
        with _port_errors(settings.osc):
            transport = await serve_osc(service, settings.osc, settings.osc_reply, settings.files)
        stack.callback(transport.close)
        addresses["osc"] = transport.get_extra_info("sockname")[:2]
    return addresses


def _background(
    work: Coroutine[Any, Any, None], stack: contextlib.AsyncExitStack
) -> asyncio.Task[None]:
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.wait({task})

    stack.push_async_callback(end)
    return task


def _end_with(task: asyncio.Task[None], ended: asyncio.Event) -> None:
    task.add_done_callback(lambda _: ended.set())


async def _idle(service: Service, seconds: float) -> None:
    while not service.is_idle or time.monotonic() - service.last_call < seconds:
        await asyncio.sleep(min(_LOOK_SECONDS, seconds))


def _end_on_signals(ended: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(ended.set))
        else:
            loop.add_signal_handler(name, ended.set)


@contextlib.contextmanager
def _port_errors(port: int) -> Any:
    try:
        yield
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"cannot listen at port {port} ({reason}); choose another port: 0 takes a free one"
        ) from error


@contextlib.contextmanager
def _library_errors() -> Any:
    try:
        yield
    except ImportError as error:
        raise ConfigError(
            f"{error.name} is not installed; pip install 'lstm_music[serve]'"
        ) from error
