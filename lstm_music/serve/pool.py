"""The processes that compose, and whose turn it is.

A job that is cancelled, takes too long or brings its process down costs that process; another
stands ready, so that the next job does not wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from asyncio.subprocess import Process, SubprocessStreamProtocol
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from lstm_music.errors import ConfigError
from lstm_music.serve.frames import ERROR, JOB, RESULT, TAKE, frame, receive
from lstm_music.serve.limits import Limits
from lstm_music.serve.protocol import ServeError, to_json

Tell: TypeAlias = Callable[[str, bytes], None]
"""What takes news of a job: "take" or "progress", and the JSON of it."""

_SPARES = 1
_START_SECONDS = 60.0
_NEWS_SECONDS = 1.0
_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from lstm_music.serve.worker import main; main()"
)


class Worker:
    """One process that composes."""

    def __init__(self, process: Process, transport: asyncio.SubprocessTransport) -> None:
        self._process, self._transport = process, transport

    @classmethod
    async def start(cls, setup: bytes) -> Worker:
        """Start one and wait until it has loaded its model.

        Raises
        ------
        ServeError : it cannot load it.
        ConfigError : there is no Python to start.
        """
        options: dict[str, Any] = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]
            if sys.platform == "win32"
            else {"start_new_session": True}
        )
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
        # As asyncio.create_subprocess_exec does it, which keeps the transport to itself.
        loop = asyncio.get_running_loop()
        try:
            transport, protocol = await loop.subprocess_exec(
                lambda: SubprocessStreamProtocol(limit=1 << 20, loop=loop),
                *(_python(), "-c", _CODE, json.dumps(sys.path), setup.decode("ascii")),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | threads,
                **options,
            )
        except OSError as error:
            raise ConfigError(f"cannot start Python to compose in: {error}") from error
        worker = cls(Process(transport, protocol, loop), transport)
        try:
            kind, payload = await asyncio.wait_for(worker._receive(), _START_SECONDS)
        except TimeoutError:
            await worker.end()
            raise ServeError("internal", "the process that composes does not start") from None
        except BaseException:
            await worker.end()
            raise
        if kind == ERROR:
            await worker.end()
            raise ServeError(*_told(payload))
        return worker

    async def do(self, job: bytes, tell: Tell, seconds: float, takes: int) -> bytes:
        """Do a job; gives the JSON of its result. After any error the process must be ended.

        Raises
        ------
        ServeError : the job failed; ``is_well`` says whether the process can do another.
        """
        stdin = self._process.stdin
        assert stdin is not None
        self.is_well = False
        begin, done = time.monotonic(), 0
        with contextlib.suppress(ConnectionError):  # it has died: receiving says how
            stdin.write(frame(JOB, job))
            await asyncio.wait_for(stdin.drain(), seconds)
        reading = asyncio.ensure_future(self._receive())
        try:
            while True:
                spent = time.monotonic() - begin
                tell("progress", _progress(done, takes, spent))
                left = seconds - spent
                if left <= 0:
                    raise ServeError(
                        "too_slow", f"it took longer than {seconds:g} s; ask for less music"
                    )
                await asyncio.wait({reading}, timeout=min(_NEWS_SECONDS, left))
                if not reading.done():
                    continue
                kind, payload = reading.result()
                if kind == TAKE:
                    done += 1
                    tell("take", payload)
                    reading = asyncio.ensure_future(self._receive())
                    continue
                self.is_well = True
                if kind == RESULT:
                    return payload
                code, message = _told(payload)
                self.is_well = code != "out_of_memory"
                raise ServeError(code, message)
        finally:
            reading.cancel()

    async def _receive(self) -> tuple[bytes, bytes]:
        assert self._process.stdout is not None
        try:
            return await receive(self._process.stdout)
        except asyncio.IncompleteReadError:
            code = await self._process.wait()
            if code == -signal.SIGABRT:  # libraries that are refused memory end a process like that
                raise ServeError(
                    "out_of_memory",
                    "the process that composed it was aborted, most likely for want of memory; "
                    "ask for less music",
                ) from None
            how = f"by signal {-code}" if code < 0 else f"with status {code}"
            raise ServeError(
                "internal",
                f"the process that composed it ended {how}; the next call is not affected",
            ) from None

    is_well = True

    @property
    def is_there(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process.returncode is None

    async def end(self) -> None:
        """End the process, and what it has started; returns when it is gone."""
        self.kill()
        await self._process.wait()

    def kill(self) -> None:
        """End the process, and what it has started."""
        if self.is_there:  # else its number may be another's by now
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if sys.platform == "win32":
                    self._process.kill()
                else:
                    os.killpg(self._process.pid, signal.SIGKILL)
        self._transport.close()


class Pool:
    """As many processes as may compose at once, and one to spare."""

    def __init__(
        self, limits: Limits, model: str, precision: str, files: str | None = None
    ) -> None:
        self._limits = limits
        facts = {"model": model, "precision": precision, "files": files}
        self._setup = to_json({"limits": asdict(limits), **facts})
        self._turns = asyncio.Semaphore(limits.workers)
        self._ready: asyncio.Queue[Worker] = asyncio.Queue()
        self._all: set[Worker] = set()
        self._ending: set[Worker] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._waiting: Counter[object] = Counter()

    async def start(self) -> None:
        """Start the processes; the first must succeed, so that a bad model is told at once.

        Raises
        ------
        ServeError, ConfigError : as `Worker.start`.
        """
        await self._add()
        for _ in range(self._limits.workers + _SPARES - 1):
            self._replace()

    async def _add(self) -> None:
        worker = await Worker.start(self._setup)
        self._all.add(worker)
        self._ready.put_nowait(worker)

    def _replace(self) -> None:
        async def add() -> None:
            while True:
                try:
                    return await self._add()
                except Exception:  # no memory, no processes: later there may be
                    await asyncio.sleep(_NEWS_SECONDS)

        task = asyncio.create_task(add())
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def do(self, job: Mapping[str, Any], client: object, tell: Tell, takes: int = 0) -> bytes:
        """Do a job when its turn comes; gives the JSON of its result.

        Parameters
        ----------
        job : for `lstm_music.serve.jobs.Jobs.do`.
        client : whose it is.
        tell : takes the news of it.
        takes : how many takes it is to bring.

        Raises
        ------
        ServeError : too many wait, its turn never came, or it failed.
        """
        limits = self._limits
        if self._waiting.total() >= limits.waiting:
            raise ServeError("busy", f"{limits.waiting} requests wait already; try again later")
        if self._waiting[client] >= limits.waiting_a_client:
            raise ServeError(
                "busy", f"{limits.waiting_a_client} of your requests wait already; wait for them"
            )
        begin = time.monotonic()
        self._waiting[client] += 1
        try:
            ahead = max(self._waiting.total() - 1, 0) if self._turns.locked() else 0
            tell("progress", to_json({"state": "waiting", "ahead": ahead}))
            async with self._until(begin):
                await self._turns.acquire()
        finally:
            self._waiting[client] -= 1
            self._waiting += Counter()  # forgets clients without requests
        try:
            async with self._until(begin):
                worker = await self._ready.get()
            try:
                return await worker.do(to_json(job), tell, limits.compose_seconds, takes)
            finally:
                self._give_back(worker)
        finally:
            self._turns.release()

    @contextlib.asynccontextmanager
    async def _until(self, begin: float) -> AsyncIterator[None]:
        left = max(self._limits.wait_seconds - (time.monotonic() - begin), 0.001)
        try:
            async with asyncio.timeout(left):
                yield
        except TimeoutError:
            raise ServeError(
                "too_slow", f"its turn did not come in {self._limits.wait_seconds:g} s"
            ) from None

    def _give_back(self, worker: Worker) -> None:
        if worker.is_well:
            self._ready.put_nowait(worker)
            return
        self._all.discard(worker)
        self._ending = {one for one in self._ending if one.is_there}
        self._ending.add(worker)
        worker.kill()
        self._replace()

    async def close(self) -> None:
        """End all processes; returns when they are gone."""
        starting = list(self._starting)
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, return_exceptions=True)
        await asyncio.gather(*(worker.end() for worker in self._all | self._ending))


def _progress(done: int, takes: int, seconds: float) -> bytes:
    return to_json({"state": "composing", "takes": done, "of": takes, "seconds": round(seconds, 3)})


def _told(payload: bytes) -> tuple[str, str]:
    error = json.loads(payload)
    return error["code"], error["message"]


def _python() -> str:
    """The interpreter to run; what embeds Python (a DAW, say) is not to be started again."""
    executable = sys.executable or ""
    if not Path(executable).name.lower().startswith(("python", "pypy")):
        raise ConfigError(
            f"the server needs a Python interpreter, and sys.executable is {executable!r}; start "
            "it with `lstm-music serve`"
        )
    return executable
