"""A process in which music21 reads files, with limits on its time and memory.

music21 can hang or ask for gigabytes on a small file. One process serves each process that reads
scores: it starts with the first score (music21's import takes 0.3 to 0.8 s), reads one file after
another, is ended when a file goes beyond a limit, and ends with its parent. Only JSON and arrays
come back from it.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_music.errors import ConfigError, MidiError
from lstm_music.midi.scores.piece_bytes import pieces_from_bytes
from lstm_music.midi.scores.worker_process import OUT_OF_MEMORY
from lstm_music.music.piece import Piece

START_SECONDS = 60.0
FILES_PER_PROCESS = 2000
"""After so many a fresh process starts, whatever music21 has kept of them."""

_FRAME = struct.Struct("<II")
_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from lstm_music.midi.scores.worker_process import main; main()"
)


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What reading one file may take.

    ``cpu_seconds`` are whole seconds of the processor; ``wall_seconds`` is longer, so that an
    honest file passes on a busy machine. On Windows only the wall's clock counts, and the limit
    on memory is for Linux only.
    """

    cpu_seconds: int = 60
    wall_seconds: float = 120.0
    address_space_bytes: int = 2 << 30


SINGLE_FILE = WorkerLimits()
"""For one file that somebody waits for."""

CORPUS_FILE = WorkerLimits(cpu_seconds=10, wall_seconds=30.0)
"""For one of many, which may be left out."""


def read_in_worker(
    data: bytes, suffix: str, *, limits: WorkerLimits = SINGLE_FILE, **options: Any
) -> list[Piece]:
    """The pieces of a score file, as from `score_pieces`, which takes ``options``.

    Raises
    ------
    MidiError : as from `score_pieces`, or beyond a limit.
    ConfigError : the process cannot be started.
    """
    request = {"suffix": suffix, "options": options, "cpu_seconds": limits.cpu_seconds}
    with _state.lock:
        worker = _state.get(limits)
        try:
            answer, pieces = worker.ask(request, data, limits)
        except BaseException:  # also Ctrl-C: what it is doing now, nobody waits for
            _state.drop()
            raise
        if worker.is_late or worker.n_files >= FILES_PER_PROCESS:
            _state.drop()
    if "error" in answer:
        raise MidiError(answer["error"], offset=answer.get("offset"))
    return pieces_from_bytes(pieces)


class _Worker:
    """The process, and the two pipes to it."""

    def __init__(self, limits: WorkerLimits) -> None:
        self.address_space_bytes = limits.address_space_bytes
        self.n_files = 0
        self.is_late = False
        path = json.dumps([os.fspath(folder) for folder in sys.path])
        command = [_python(), "-c", _CODE, path, str(limits.address_space_bytes)]
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,  # nothing is kept that a forked process would write again
                env=os.environ | threads,  # each thread of a BLAS takes address space
            )
        except OSError as error:
            raise ConfigError(f"cannot start Python to read scores: {error}") from error
        try:
            answer, _ = self._receive(START_SECONDS, "start music21")
        except BaseException:
            self.close()
            raise
        if "error" in answer:
            self.close()
            raise ConfigError(f"cannot start music21: {answer['error']}")

    def ask(
        self, request: dict[str, Any], data: bytes, limits: WorkerLimits
    ) -> tuple[dict[str, Any], bytes]:
        """Send a file and wait for its pieces, still as bytes, or the reason why not."""
        self.n_files += 1
        head = json.dumps(request).encode("ascii")
        with contextlib.suppress(OSError):  # it has died: receiving says how
            _write(self._process.stdin, _FRAME.pack(len(head), len(data)) + head + data)
        return self._receive(limits.wall_seconds, "read the file", limits)

    def _receive(
        self, seconds: float, purpose: str, limits: WorkerLimits | None = None
    ) -> tuple[dict[str, Any], bytes]:
        timer = threading.Timer(seconds, self._end_late)
        timer.start()
        try:
            head_size, data_size = _FRAME.unpack(self._read(_FRAME.size))
            return json.loads(self._read(head_size)), self._read(data_size)
        except EOFError:
            reason = _why_it_ended(self._process.wait(), self.is_late, seconds, limits)
            raise (MidiError if limits else ConfigError)(f"cannot {purpose}: {reason}") from None
        finally:
            timer.cancel()

    def _end_late(self) -> None:
        self.is_late = True
        self._process.kill()

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended, of itself or by somebody's hand."""
        return self._process.poll() is None

    def _read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        parts = []
        while size:
            part = self._process.stdout.read(size)
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._close_pipes()

    def abandon(self) -> None:
        """Leave the process to the one that we were forked from."""
        self._process.returncode = 0  # else Popen would wait for it
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _write(pipe: Any, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[pipe.write(view) :]


def _why_it_ended(code: int, late: bool, seconds: float, limits: WorkerLimits | None) -> str:
    """Why a process of music21's ended."""
    if late:
        return f"music21 took longer than {seconds:g} s"
    if limits and code == -getattr(signal, "SIGXCPU", 0):
        return f"music21 took longer than {limits.cpu_seconds} s of processor time"
    if limits and code == OUT_OF_MEMORY:
        return f"music21 needs more than {limits.address_space_bytes >> 20} MB of memory"
    if code < 0:
        return f"music21's process was ended by signal {-code}"
    return f"music21's process ended with status {code}"


def _python() -> str:
    """The interpreter to run; what embeds Python (a DAW, say) is not to be started again."""
    from multiprocessing.spawn import get_executable

    if sys.platform == "emscripten":
        raise ConfigError(
            "a browser can start no process to read scores in: only MIDI files can be opened here; "
            "save the score as MIDI first"
        )
    executable = os.fsdecode(get_executable() or "")
    if not Path(executable).name.lower().startswith(("python", "pypy")):
        raise ConfigError(
            "reading scores needs a Python interpreter to run music21 in, and sys.executable is "
            f"{executable!r}; name one with multiprocessing.set_executable(path)"
        )
    return executable


class _State:
    """The one worker of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.worker: _Worker | None = None

    def get(self, limits: WorkerLimits) -> _Worker:
        worker = self.worker
        fits = worker is not None and worker.address_space_bytes == limits.address_space_bytes
        if worker is not None and not (fits and worker.is_alive):
            self.drop()
        if self.worker is None:
            self.worker = _Worker(limits)
        return self.worker

    def drop(self) -> None:
        worker, self.worker = self.worker, None
        if worker is not None:
            worker.close()

    def forget(self) -> None:
        """In a forked process: the worker is the parent's, the lock may be held by nobody."""
        worker, self.worker = self.worker, None
        self.lock = threading.Lock()
        if worker is not None:
            worker.abandon()


_state = _State()
atexit.register(_state.drop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_state.forget)
