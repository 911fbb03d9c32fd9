"""Talk to `lstm-music serve` from any Python, inside any program: one file, standard library only.

It can be copied anywhere. It works in a DAW's own Python: in sub-interpreters, after the
interpreter was ended and started again, without standard streams, and outside the main thread. It
loads nothing of lstm_music, so neither NumPy nor a compiled module gets into the host.

::

    client = connect()                  # starts the server if none runs
    answer = client.call("complete", {"request": {"bars": 4}, "seed": {"path": "tune.mid"}})
    answer["takes"][0]["notes"]

In a program that must not wait, begin a call and look for its news now and then::

    call = client.begin("complete", {"request": {"bars": 4, "n": 3}, "events": True})
    for kind, data in client.news(call):    # returns at once; ("take", {...}), ("result", {...})
        ...
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

STATE_VARIABLE = "LSTM_MUSIC_STATE"
COMMAND_VARIABLE = "LSTM_MUSIC_COMMAND"
SERVER_FILE = "server.json"
COMMAND_FILE = "command.json"
PROTOCOL = 1

_START_SECONDS = 60.0
_CONNECT_SECONDS = 5.0
_POLL_SECONDS = 0.05
_CHUNK_BYTES = 1 << 16
_LAST = ("result", "error")

_started: list[subprocess.Popen[bytes]] = []
"""Servers that this interpreter has started, to be asked now and then whether they have ended."""


class ServerError(Exception):
    """The server has answered with an error; ``code`` as in docs/serve.md."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class NoServerError(Exception):
    """No server runs, and none could be started; or the connection to it is lost."""


def state_folder() -> Path:
    """Where the server that all programs of this user share says how to reach it."""
    given = os.environ.get(STATE_VARIABLE)
    if given:
        return Path(given)
    if sys.platform == "win32":
        named, usual = "LOCALAPPDATA", "~/AppData/Local"
    elif sys.platform == "darwin":
        named, usual = "", "~/Library/Application Support"
    else:
        named, usual = "XDG_STATE_HOME", "~/.local/state"
    return Path(os.environ.get(named) or usual).expanduser() / "lstm_music"


def file_content(path: str) -> dict[str, str]:
    """A music file as a call takes it, for a server that may not read it itself."""
    return {"data": base64.b64encode(Path(path).read_bytes()).decode("ascii")}


def server_command() -> list[str]:
    """What starts the server on this machine.

    It is ``LSTM_MUSIC_COMMAND`` (a command, or a JSON array of its words), else what a server
    that ran here before has left, else ``lstm-music`` on the path or beside this Python, else this
    Python itself.

    Raises
    ------
    NoServerError : nothing of that is there.
    """
    given = os.environ.get(COMMAND_VARIABLE, "").strip()
    if given:
        return [str(word) for word in json.loads(given)] if given[0] == "[" else [given]
    left = _read_json(state_folder() / COMMAND_FILE)
    if left and Path(str(left["command"][0])).exists():
        return [str(word) for word in left["command"]]
    bin_name = "Scripts" if sys.platform == "win32" else "bin"
    for folder in (None, Path(sys.prefix, bin_name), Path("~/.local/bin").expanduser()):
        found = shutil.which("lstm-music", path=None if folder is None else str(folder))
        if found:
            return [found, "serve"]
    if Path(sys.executable or "").name.lower().startswith("python"):
        return [sys.executable, "-m", "lstm_music", "serve"]
    raise NoServerError(
        "lstm-music is not installed where it can be found: run `lstm-music serve` once, or set "
        f"{COMMAND_VARIABLE} to its full path"
    )


def connect(*, start: bool = True, seconds: float = _START_SECONDS) -> Client:
    """A connection to the server of this user, which is started if none runs.

    Parameters
    ----------
    start : whether to start a server.
    seconds : how long to wait for one that was started.

    Raises
    ------
    NoServerError : there is none.
    """
    client = _try_to_connect()
    if client is not None:
        return client
    if not start:
        raise NoServerError("no server runs; start `lstm-music serve --shared`")
    _started[:] = [one for one in _started if one.poll() is None]
    process = _start_server()
    _started.append(process)
    late = time.monotonic() + seconds
    while time.monotonic() < late:
        client = _try_to_connect()
        if client is not None:
            return client
        # 75: another server was faster, and it is that one which we wait for.
        if process.poll() not in (None, 75):
            raise NoServerError(
                f"the server ended with status {process.returncode}; run `lstm-music serve "
                "--shared` in a terminal to see why"
            )
        time.sleep(_POLL_SECONDS)
    raise NoServerError(f"the server was not there within {seconds:g} s")


class Client:
    """A connection; use it in one thread at a time.

    ``server`` is what the server said of itself: its version, methods and limits.
    """

    def __init__(self, host: str, port: int, token: str | None = None) -> None:
        try:
            self._socket = socket.create_connection((host, port), _CONNECT_SECONDS)
        except OSError as error:
            raise NoServerError(f"no server at {host}:{port}: {error}") from None
        self._socket.setblocking(False)
        self._received = bytearray()
        self._to_send = bytearray()
        self._n_calls = 0
        self._news: dict[int, list[tuple[str, Any]]] = {}
        try:
            self.server = self.call(
                "hello", {} if token is None else {"token": token}, seconds=_CONNECT_SECONDS
            )
        except BaseException:
            self.close()
            raise
        if not isinstance(self.server, dict) or self.server.get("protocol") != PROTOCOL:
            self.close()
            raise NoServerError(f"{host}:{port} speaks another protocol than {PROTOCOL}")

    def begin(self, method: str, params: dict[str, Any] | None = None) -> int:
        """Begin a call; its number is what `news`, `wait` and `cancel` take."""
        self._n_calls += 1
        call = self._n_calls
        line = json.dumps({"id": call, "method": method, "params": params or {}})
        self._news[call] = []
        self._to_send += line.encode("ascii") + b"\n"
        self._move(0)
        return call

    def news(self, call: int) -> list[tuple[str, Any]]:
        """What has come of a call since the last look; does not wait.

        ("progress", ...), ("take", ...), and at last ("result", ...) or ("error", ...).

        Raises
        ------
        NoServerError : the connection is lost.
        """
        self._move(0)
        found = self._news.get(call, [])
        if found and found[-1][0] in _LAST:
            del self._news[call]
        elif call in self._news:
            self._news[call] = []
        return found

    def wait(self, call: int, seconds: float | None = None) -> Any:
        """The result of a call.

        Raises
        ------
        ServerError : the server answered with an error.
        NoServerError : the connection is lost.
        TimeoutError : it took longer than ``seconds``.
        """
        late = None if seconds is None else time.monotonic() + seconds
        while True:
            for kind, data in self.news(call):
                if kind == "result":
                    return data
                if kind == "error" and isinstance(data, dict):
                    raise ServerError(str(data["code"]), str(data["message"]))
            left = 1.0 if late is None else late - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no answer in {seconds:g} s")
            self._move(min(left, 1.0))

    def call(
        self, method: str, params: dict[str, Any] | None = None, seconds: float | None = None
    ) -> Any:
        """Begin a call and wait for its result; raises as `wait`."""
        return self.wait(self.begin(method, params), seconds)

    def cancel(self, call: int) -> None:
        """Cancel a call; its answer is an error with the code "cancelled"."""
        del self._news[self.begin("cancel", {"id": call})]

    def close(self) -> None:
        """End the connection; calls that have no answer are cancelled."""
        self._socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _move(self, seconds: float) -> None:
        """Send and receive what can be, waiting up to ``seconds`` for something to do."""
        try:
            while True:
                sending = [self._socket] if self._to_send else []
                able = select.select([self._socket], sending, [], seconds)
                if able[1]:
                    del self._to_send[: self._socket.send(self._to_send[:_CHUNK_BYTES])]
                if able[0]:
                    self._receive()
                if not able[0] and not able[1]:
                    return
                seconds = 0
        except (OSError, ValueError) as error:
            raise NoServerError(f"the connection to the server is lost: {error}") from None

    def _receive(self) -> None:
        data = self._socket.recv(_CHUNK_BYTES)
        if not data:
            raise OSError("it has ended")
        self._received += data
        if b"\n" not in data:
            return
        *lines, rest = self._received.split(b"\n")
        self._received = bytearray(rest)
        for line in lines:
            answer = json.loads(bytes(line))
            kind = next((one for one in _LAST if one in answer), answer.get("event"))
            news = self._news.get(answer["id"])
            if news is not None:
                news.append((str(kind), answer["data" if "event" in answer else str(kind)]))


def _try_to_connect() -> Client | None:
    known = _read_json(state_folder() / SERVER_FILE)
    if known is None:
        return None
    try:
        return Client(str(known["host"]), int(str(known["port"])), str(known["token"]))
    except (NoServerError, ServerError, TimeoutError, KeyError, ValueError):
        return None  # what a server left that is no more


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _start_server() -> subprocess.Popen[bytes]:
    """Start a server that outlives this program and holds nothing of it."""
    # A host's own Python settings are not those of the Python that the server runs in.
    strange = ("PYTHONHOME", "PYTHONPATH", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__")
    environment = {name: value for name, value in os.environ.items() if name not in strange}
    command = [*server_command(), "--shared"]
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        apart = {"creationflags": flags}
    nowhere = subprocess.DEVNULL
    try:
        return subprocess.Popen(
            command, stdin=nowhere, stdout=nowhere, stderr=nowhere, env=environment, **apart
        )
    except OSError as error:
        raise NoServerError(f"cannot start {command[0]}: {error}") from None
