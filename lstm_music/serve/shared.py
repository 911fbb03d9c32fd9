"""The one server that all programs of a user share: who it is, and how they reach it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lstm_music import __version__, client
from lstm_music.errors import OutputError, RunLockedError
from lstm_music.files import atomic_write, file_lock
from lstm_music.serve.protocol import VERSION

EXCHANGE = "exchange"
"""The folder for calls as files, in `lstm_music.client.state_folder`."""

_LOCK_FILE = "server.lock"


@contextmanager
def shared_place() -> Iterator[Path]:
    """Be the shared server while the context lasts; gives the folder, which is this user's alone.

    Raises
    ------
    RunLockedError : another server is.
    OutputError : the folder cannot be made.
    """
    folder = client.state_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with file_lock(folder / _LOCK_FILE) as is_ours:
            if not is_ours:
                raise RunLockedError(f"{folder}: a shared server runs already; use that one")
            try:
                yield folder
            finally:
                with suppress(OSError):
                    (folder / client.SERVER_FILE).unlink()
    except OSError as error:
        raise _unusable(folder, error) from error


def announce(folder: Path, host: str, port: int, token: str) -> None:
    """Say where the server listens, to this user's programs alone; and how to start it again."""
    facts = {"protocol": VERSION, "version": __version__, "pid": os.getpid()}
    _write_private(
        folder / client.SERVER_FILE, facts | {"host": host, "port": port, "token": token}
    )
    leave_command()


def leave_command() -> None:
    """Say how to start the server, to this user's programs, and where calls may lie meanwhile.

    Raises
    ------
    OutputError : the folder cannot be made or written.
    """
    folder = client.state_folder()
    command = [sys.executable, "-m", "lstm_music", "serve"]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / EXCHANGE).mkdir(mode=0o700, exist_ok=True)
        _write_private(folder / client.COMMAND_FILE, {"command": command})
    except OSError as error:
        raise _unusable(folder, error) from error


def _unusable(folder: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(
        f"{folder}: cannot be used ({reason}); set {client.STATE_VARIABLE} to another folder"
    )


def _write_private(path: Path, value: object) -> None:
    """A file that only this user can read, from its first byte on."""
    with suppress(FileNotFoundError):
        path.unlink()  # one of other permissions would keep them
    old = os.umask(0o077)
    try:
        atomic_write(path, json.dumps(value).encode("ascii"))
    finally:
        os.umask(old)
