"""The protocol by files in a folder: for scripts of a DAW that have neither sockets nor pipes.

A script writes one call, a line of JSON, to ``NAME.call`` and reads ``NAME.answer``, which grows
line by line: news, and at last the answer. The answer is there, still empty, before the call is
gone, so a script sees that it has asked. A call is complete with the end of its line, an answer
likewise; so neither side needs to rename or to lock anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lstm_music.errors import OutputError
from lstm_music.serve.service import Service

CALL, ANSWER = ".call", ".answer"

_LOOK_SECONDS = 0.05
_OLD_SECONDS = 600.0
"""Nobody waits any more for what is older."""


class Exchange:
    """One folder. All scripts that use it are one client, so each call needs an id of its own.

    Raises
    ------
    OutputError : the folder cannot be made.
    """

    def __init__(self, service: Service, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{folder}: cannot be made ({error.strerror}); choose another folder"
            ) from error
        self._service, self._folder = service, folder
        self._session = service.session()
        self._running: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Answer calls until cancelled."""
        self._forget_the_old()
        while True:
            for name, line in list(self._calls()):
                self._begin(name, line)
            await asyncio.sleep(_LOOK_SECONDS)

    def _calls(self) -> Iterator[tuple[str, bytes]]:
        """Take the calls that are complete out of the folder."""
        for path in sorted(self._folder.glob(f"*{CALL}")):
            # On Windows a script may still hold it open: it is there at the next look.
            with suppress(OSError):
                too_long = path.stat().st_size > self._service.limits.request_bytes
                line = path.read_bytes()[: self._service.limits.request_bytes + 1]
                if line.endswith(b"\n") or too_long:
                    self._answer_of(path.stem).write_bytes(b"")
                    path.unlink()
                    yield path.stem, line.strip()

    def _begin(self, name: str, line: bytes) -> None:
        answer = self._answer_of(name)

        def send(news: bytes) -> None:
            with suppress(OSError), answer.open("ab") as file:
                file.write(news + b"\n")

        task = self._service.submit(self._session, line, send)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _answer_of(self, name: str) -> Path:
        return self._folder / f"{name}{ANSWER}"

    def _forget_the_old(self) -> None:
        """Remove what scripts have left behind that were ended while they waited."""
        before = time.time() - _OLD_SECONDS
        for suffix in (CALL, ANSWER):
            for path in self._folder.glob(f"*{suffix}"):
                with suppress(OSError):
                    if path.stat().st_mtime < before:
                        path.unlink()
