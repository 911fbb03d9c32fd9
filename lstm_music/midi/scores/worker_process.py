"""The process that `worker` starts: reads scores with music21 until its parent is gone.

A request is two lengths, a JSON head and the file; an answer two lengths, a JSON head and the
pieces as `piece_bytes` has them.
"""

from __future__ import annotations

import gc
import json
import math
import os
import queue
import signal
import struct
import sys
import threading
from typing import Any, BinaryIO

from lstm_music.errors import LstmMusicError
from lstm_music.midi.scores.piece_bytes import pieces_to_bytes
from lstm_music.midi.scores.pieces import score_pieces

OUT_OF_MEMORY = 77
"""The exit status when music21 needs more than it may have."""

_FRAME = struct.Struct("<II")


def main() -> None:
    """Answer requests on the standard streams; never returns before the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to act on
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what music21 prints must not get between the answers
    requests: queue.SimpleQueue[tuple[dict[str, Any], bytes]] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(requests,), daemon=True).start()
    try:
        import music21  # noqa: F401

        _collect_seldom()
        _limit_memory(int(sys.argv[2]))
    except Exception as error:  # whatever an installation can lack
        _send(answers, {"error": f"{type(error).__name__}: {error}"})
        return
    _send(answers, {})
    try:
        while True:
            head, data = requests.get()
            _limit_time(head["cpu_seconds"])
            _send(answers, *_answer(head, data))
    except (MemoryError, SystemError):  # the latter where none was left to say so
        os._exit(OUT_OF_MEMORY)


def _answer(head: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        return {}, pieces_to_bytes(score_pieces(data, head["suffix"], **head["options"]))
    except LstmMusicError as error:
        reason = getattr(error, "reason", str(error))
        return {"error": reason, "offset": getattr(error, "offset", None)}, b""


def _receive(requests: queue.SimpleQueue[tuple[dict[str, Any], bytes]]) -> None:
    """Take requests from the pipe; its end is the end of the parent, and ours at once."""
    pipe = os.fdopen(os.dup(0), "rb")
    try:
        while sizes := pipe.read(_FRAME.size):
            head_size, data_size = _FRAME.unpack(sizes)
            head, data = pipe.read(head_size), pipe.read(data_size)
            if len(data) < data_size:
                break
            requests.put((json.loads(head), data))
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    finally:
        os._exit(0)


def _send(pipe: BinaryIO, head: dict[str, Any], data: bytes = b"") -> None:
    text = json.dumps(head).encode("ascii")
    pipe.write(_FRAME.pack(len(text), len(data)) + text + data)
    pipe.flush()


def _collect_seldom() -> None:
    """Look for garbage less often, and not among music21's own objects: a third of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _limit_memory(address_space_bytes: int) -> None:
    if sys.platform != "linux":  # macOS knows the limit and refuses to set it
        return
    import resource

    _set(resource.RLIMIT_AS, address_space_bytes)
    _set(resource.RLIMIT_CORE, 0)


def _limit_time(cpu_seconds: int) -> None:
    """Allow so much processor time from now on; beyond it the system ends us."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    _set(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime) + cpu_seconds)


def _set(kind: int, soft: int) -> None:
    import resource

    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(kind, (soft, hard))
