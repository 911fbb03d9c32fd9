"""The protocol over HTTP, with server-sent events; a page may stand at `/` beside it."""

from __future__ import annotations

import asyncio
import contextlib
import mimetypes
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from lstm_music.serve.protocol import CODES, ServeError, envelope, error_payload, to_json, too_large
from lstm_music.serve.service import Service, Session

API = "/api"
_JSON = "application/json"
_EVENTS = "text/event-stream"
_GETS = ("hello", "schema", "models")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PAGE_HEADERS = {
    "Cache-Control": "no-cache",  # asked for again each time: a new version is seen at once
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'self'",  # the rest is the page's own to say
}
_MOST_BUCKETS = 1024

# A browser runs no module of another type, and Windows' registry may call it plain text.
mimetypes.add_type("text/javascript", ".js")


class Guard:
    """Lets through what comes from where it may: host, origin, token.

    A name that an attacker points at this machine is no host of ours; a page of another site has
    another origin.
    """

    def __init__(
        self,
        app: ASGIApp,
        service: Service,
        *,
        hosts: frozenset[str],
        origins: frozenset[str],
        needs_token: bool,
    ) -> None:
        self._app, self._service = app, service
        self._hosts, self._origins, self._needs_token = hosts, origins, needs_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            return
        try:
            self._check(Request(scope))
        except ServeError as error:
            await _refusal(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, request: Request) -> None:
        host = request.headers.get("host", "")
        if _host_name(host) not in self._hosts:
            raise ServeError(
                "forbidden", f"{host[:200]!r} is no name of this server; see --allow-host"
            )
        origin = request.headers.get("origin")
        if origin is not None and not self._is_ours(origin, host):
            raise ServeError(
                "forbidden", f"pages of {origin[:200]!r} may not call; see --allow-origin"
            )
        trusted = self._service.knows(_token(request))
        request.scope["lstm_music.trusted"] = trusted
        if self._needs_token and not trusted and request.url.path.startswith(API):
            raise ServeError("forbidden", "send the token: `Authorization: Bearer TOKEN`")

    def _is_ours(self, origin: str, host: str) -> bool:
        parts = urlsplit(origin)
        return origin in self._origins or (parts.scheme == "http" and parts.netloc == host)


def _host_name(host: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _token(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


class _Page(StaticFiles):
    """The files of a page."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        """A file, with what keeps other sites away from it."""
        response = super().file_response(*args, **options)
        response.headers.update(_PAGE_HEADERS)
        return response


class _Api:
    """The calls."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._buckets: dict[str, Any] = {}

    async def get(self, request: Request) -> Response:
        """What needs no parameters: `GET /api/schema`."""
        method = request.path_params["method"]
        if method not in _GETS:
            return _refusal(ServeError("unknown_method", f"GET {API}/ has {', '.join(_GETS)}"))
        line = to_json({"id": None, "method": method})
        return _answer(await self._service.answer(self._session(request), line, _to_nobody))

    async def call(self, request: Request) -> Response:
        """A call: `POST /api`, answered whole or, if asked so, by events."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != _JSON:  # a form of another site's page can send no JSON
            return _refusal(ServeError("bad_call", f"Content-Type must be {_JSON}"))
        session = self._session(request)
        try:
            line = await self._body(request)
        except ServeError as error:
            return _refusal(error)
        if _EVENTS in request.headers.get("accept", ""):
            events = self._events(session, line)
            return StreamingResponse(events, media_type=_EVENTS, headers=_HEADERS)
        answering = asyncio.ensure_future(self._service.answer(session, line, _to_nobody))
        gone = asyncio.ensure_future(_until_gone(request))
        try:
            await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
            return _answer(await answering) if answering.done() else Response(status_code=499)
        finally:
            gone.cancel()
            answering.cancel()

    def _session(self, request: Request) -> Session:
        """A session for this request; how often it may call is counted by address."""
        session = self._service.session(trusted=request.scope["lstm_music.trusted"])
        address = request.client.host if request.client else ""
        if len(self._buckets) >= _MOST_BUCKETS:
            self._buckets = {a: b for a, b in self._buckets.items() if not b.is_full}
        session.bucket = self._buckets.setdefault(address, session.bucket)
        return session

    async def _body(self, request: Request) -> bytes:
        limits = self._service.limits
        body = bytearray()
        try:
            async with asyncio.timeout(limits.receive_seconds):
                async for part in request.stream():
                    body += part
                    if len(body) > limits.request_bytes:
                        raise too_large(limits.request_bytes)
        except TimeoutError:
            raise ServeError("too_slow", "the request was not there whole in time") from None
        except ClientDisconnect:
            raise ServeError("cancelled", "the client is gone") from None
        return bytes(body)

    async def _events(self, session: Session, line: bytes) -> AsyncIterator[bytes]:
        """News and the answer as events; a client that goes away cancels its call."""
        limits = self._service.limits
        lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        waiting = 0

        def send(news: bytes) -> None:
            nonlocal waiting
            waiting += len(news)
            lines.put_nowait(news)
            if waiting > limits.answer_bytes:
                answering.cancel()

        answering = self._service.submit(session, line, send)
        answering.add_done_callback(lambda _: lines.put_nowait(None))
        try:
            while (news := await lines.get()) is not None:
                waiting -= len(news)
                yield b"event: " + _event_of(news) + b"\ndata: " + news + b"\n\n"
        finally:
            answering.cancel()


def _event_of(line: bytes) -> bytes:
    """The kind of a line that `envelope` has made: it stands behind the id."""
    for kind in (b"result", b"error"):
        if b',"' + kind + b'":' in line[:2048].partition(b',"data":')[0]:
            return kind
    return b"take" if b',"event":"take"' in line[:2048] else b"progress"


async def _until_gone(request: Request) -> None:
    while not await request.is_disconnected():
        await asyncio.sleep(0.25)


def _to_nobody(line: bytes) -> None:
    """News that nobody has asked for."""


def _answer(line: bytes) -> Response:
    status = 200
    if _event_of(line) == b"error":
        status = next(
            status for code, (status, _) in CODES.items() if f'"code":"{code}"'.encode() in line
        )
    headers = _HEADERS | ({"Retry-After": "1"} if status == 429 else {})
    return Response(line + b"\n", status, headers, _JSON)


def _refusal(error: ServeError) -> Response:
    return _answer(envelope(None, "error", error_payload(error)))


def make_app(
    service: Service,
    *,
    host: str = "127.0.0.1",
    hosts: tuple[str, ...] = (),
    origins: tuple[str, ...] = (),
    needs_token: bool = False,
    static: Path | None = None,
    opened: Path | None = None,
) -> ASGIApp:
    """The server as an ASGI application.

    Parameters
    ----------
    service : what answers, started.
    host : the address that it listens at.
    hosts : further names under which it may be called.
    origins : sites whose pages may call, as ``https://example.org``.
    needs_token : whether every call must show the token.
    static : a folder with a page for `/`; None: there is none.
    opened : a file that the page may fetch at `/opened`.
    """
    api = _Api(service)
    routes: list[BaseRoute] = [
        Route(API, api.call, methods=["POST"]),
        Route(API + "/{method}", api.get, methods=["GET"]),
    ]
    if opened is not None:
        routes.append(Route("/opened", lambda _: FileResponse(opened, headers=_HEADERS)))
    if static is not None:
        routes.append(Mount("/", _Page(directory=static, html=True)))
    names = _LOCAL | {host.lower()} | {name.lower() for name in hosts}
    return Guard(
        Starlette(routes=routes),
        service,
        hosts=frozenset(names),
        origins=frozenset(origins),
        needs_token=needs_token,
    )


class Server(uvicorn.Server):
    """uvicorn in a loop that is ours: signals are not its business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def make_server(service: Service, app: ASGIApp) -> Server:
    """What serves the application: ``await server.serve(sockets=[...])``."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=service.limits.connections,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=2,
    )
    return Server(config)


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises
    ------
    OSError : the port is not to be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)
