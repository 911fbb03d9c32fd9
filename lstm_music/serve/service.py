"""The one core of the protocol: calls come in, answers go out, whatever carries them."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lstm_music.serve.limits import Limits
from lstm_music.serve.pool import Pool, Tell
from lstm_music.serve.protocol import (
    JOBS,
    Call,
    Id,
    ServeError,
    envelope,
    error_payload,
    greeting,
    parse_call,
    to_json,
)

Send: TypeAlias = Callable[[bytes], None]
"""What takes one line for the client."""

_OWN = ("hello", "cancel")
_ALWAYS_THE_SAME = ("schema", "models")
METHODS = tuple(sorted((*_OWN, *JOBS)))


class Bucket:
    """How often something may be done: ``burst`` times at once, ``a_second`` in the long run."""

    def __init__(self, burst: int, a_second: float) -> None:
        self._left, self._burst, self._a_second = float(burst), burst, a_second
        self._time = time.monotonic()

    def take(self) -> None:
        """Do it once.

        Raises
        ------
        ServeError : too often.
        """
        now = time.monotonic()
        self._left = min(self._left + (now - self._time) * self._a_second, self._burst)
        self._time = now
        if self._left < 1:
            raise ServeError("busy", f"more than {self._a_second:g} calls a second; wait a little")
        self._left -= 1

    @property
    def is_full(self) -> bool:
        """Whether nothing was done for so long that nothing is left to be known."""
        spent = time.monotonic() - self._time
        return self._left + spent * self._a_second >= self._burst


@dataclass(eq=False)
class Session:
    """A client, for as long as it is connected.

    Parameters
    ----------
    bucket : how often it may call.
    trusted : it may have files of this machine read.
    admitted : it may call anything but ``hello``.
    running : its calls that have no answer yet.
    """

    bucket: Bucket
    trusted: bool = False
    admitted: bool = True
    running: dict[Id, asyncio.Task[Any]] = field(default_factory=dict)


class Service:
    """Answers calls.

    Parameters
    ----------
    limits : what a client may ask.
    model : what composes unless a request names another.
    precision : of the weights of all models.
    token : what a client shows to be trusted; None: no client is, that comes over a network.
    files : a folder whose music anybody may have read.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        model: str = "default",
        precision: str = "bfloat16",
        token: str | None = None,
        files: str | None = None,
    ) -> None:
        self.limits = limits
        self.model = model
        self._token = token
        self._pool = Pool(limits, model, precision, files)
        self._jobs: dict[str, asyncio.Task[Any]] = {}
        self._known: dict[str, bytes] = {}
        self.last_call = time.monotonic()

    async def start(self) -> None:
        """Start the processes that compose.

        Raises
        ------
        ServeError, ConfigError : they cannot be started.
        """
        await self._pool.start()

    async def close(self) -> None:
        """Cancel all calls and end the processes; returns when they are gone."""
        jobs = list(self._jobs.values())
        for task in jobs:
            task.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await self._pool.close()

    @property
    def is_idle(self) -> bool:
        """Whether no call waits for its answer."""
        return not self._jobs

    def session(self, *, trusted: bool = False, admitted: bool = True) -> Session:
        """A client that has just come."""
        limits = self.limits
        return Session(Bucket(limits.burst, limits.a_second), trusted, admitted)

    def knows(self, token: str | None) -> bool:
        """Whether this is our token."""
        if self._token is None or token is None:
            return False
        return hmac.compare_digest(self._token.encode(), token.encode("utf-8", "replace"))

    def submit(self, session: Session, line: bytes, send: Send) -> asyncio.Task[None]:
        """Answer a line when its answer is there; ``send`` takes news and exactly one answer."""

        async def answer() -> None:
            send(await self.answer(session, line, send))

        return asyncio.create_task(answer())

    async def answer(self, session: Session, line: bytes, send: Send) -> bytes:
        """The answer to a line: a result or an error, never an exception."""
        call_id: Id = None
        try:
            session.bucket.take()
            call = parse_call(line, self.limits.request_bytes)
            call_id = call.id
            payload = await self._do(session, call, send)
            kind = "result"
        except ServeError as error:
            call_id = call_id if error.id is None else error.id
            kind, payload = "error", error_payload(error)
        except Exception as error:
            kind, payload = "error", error_payload(error)
        return envelope(call_id, kind, payload)

    async def _do(self, session: Session, call: Call, send: Send) -> bytes:
        self.last_call = time.monotonic()
        if call.method not in METHODS:
            raise ServeError(
                "unknown_method",
                f"there is no method {call.method[:64]!r}; there is {', '.join(METHODS)}",
            )
        if call.method == "hello":
            return self._hello(session, call)
        if not session.admitted:
            raise ServeError("forbidden", "say hello with the token first")
        if call.method == "cancel":
            return self._cancel(session, call)
        if call.method in self._known and not call.params:
            return self._known[call.method]
        result = await self._run(session, call, send)
        if call.method in _ALWAYS_THE_SAME:
            self._known[call.method] = result
        return result

    def _hello(self, session: Session, call: Call) -> bytes:
        token = _text(call, "token")
        if token is not None:
            if not self.knows(token):
                raise ServeError("forbidden", "that is not the token of this server")
            session.trusted = session.admitted = True
        return greeting(METHODS, self.model, self.limits, trusted=session.trusted)

    def _cancel(self, session: Session, call: Call) -> bytes:
        """Cancel by ``id``, a call of the same client; or by ``job``, any whose name one knows."""
        if "job" in call.params:
            task = self._jobs.get(_text(call, "job") or "")
        else:
            wanted = call.params.get("id")
            is_id = isinstance(wanted, str | int) and not isinstance(wanted, bool)
            task = session.running.get(wanted) if is_id else None
        return to_json({"cancelled": task is not None and task.cancel()})

    async def _run(self, session: Session, call: Call, send: Send) -> bytes:
        """Have a call done by the pool, in a task that can be cancelled."""
        if call.id is not None and call.id in session.running:
            raise ServeError("bad_call", "a call with that id waits for its answer", call.id)
        job = secrets.token_hex(8)
        wants_news = call.method == "complete" and call.params.get("events") is True
        tell = _teller(call.id, job, send) if wants_news else _tell_nobody
        what = {"method": call.method, "params": call.params, "trusted": session.trusted}
        task = asyncio.create_task(self._pool.do(what, session, tell, takes=_takes(call)), name=job)
        self._jobs[job] = task
        key = call.id if call.id is not None else job
        session.running[key] = task
        try:
            return await task
        except asyncio.CancelledError:
            if task.cancelled() and not _is_cancelled():
                raise ServeError("cancelled", "it was cancelled") from None
            task.cancel()
            raise
        finally:
            self._jobs.pop(job, None)
            session.running.pop(key, None)

    def leave(self, session: Session) -> None:
        """The client is gone: nobody waits for its answers."""
        for task in list(session.running.values()):
            task.cancel()


def _is_cancelled() -> bool:
    """Whether the task that runs is itself to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _teller(call_id: Id, job: str, send: Send) -> Tell:
    def tell(kind: str, payload: bytes) -> None:
        if kind == "progress":
            payload = to_json({"job": job, **json.loads(payload)})
        send(envelope(call_id, kind, payload))

    return tell


def _tell_nobody(kind: str, payload: bytes) -> None:
    """For a call that wants its answer alone."""


def _takes(call: Call) -> int:
    request = call.params.get("request")
    n = request.get("n", 1) if isinstance(request, dict) else 1
    return n if isinstance(n, int) else 1


def _text(call: Call, name: str) -> str | None:
    value = call.params.get(name)
    if value is not None and not isinstance(value, str):
        raise ServeError("bad_params", f"{name} must be a string", call.id)
    return value
