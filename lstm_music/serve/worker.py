"""The process that composes: one job after another, with a limit on memory, until it is ended.

The server ends it where a job is cancelled or takes too long; nothing else can stop the compiled
loop. So it keeps nothing that the next job needs, save models that can be loaded again.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from lstm_music.serve.frames import ERROR, READY, RESULT, TAKE, frame, receive_blocking
from lstm_music.serve.limits import Limits
from lstm_music.serve.protocol import ServeError, error_payload, to_json


def main() -> None:
    """Answer jobs on the standard streams; ends with the server."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to act on
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anybody prints must not get between the answers
    setup = json.loads(sys.argv[2])
    limits = Limits(**setup["limits"])
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_take_jobs, args=(jobs,), daemon=True).start()
    try:
        from lstm_music.serve.jobs import Jobs

        _warm_up_blas()
        _limit_memory(limits.memory_bytes)
        worker = Jobs(limits, setup["model"], setup["files"], setup["precision"])
    except Exception as error:  # whatever a model file can lack
        _send(answers, ERROR, error_payload(error))
        return
    out_of_memory = frame(ERROR, error_payload(MemoryError()))  # made while there is memory
    _send(answers, READY, b"{}")
    while True:
        try:
            _answer(worker, jobs.get(), answers, limits)
        except MemoryError:
            os.write(answers.fileno(), out_of_memory)
            os._exit(1)  # what is left of its memory is in pieces


def _answer(worker: Any, job: bytes, answers: BinaryIO, limits: Limits) -> None:
    try:
        result = worker.do(json.loads(job), lambda take: _send_take(answers, take))
        payload = _within(limits, to_json(result))
    except MemoryError:
        raise
    except Exception as error:
        if (
            sys.platform == "linux"
            and isinstance(error, SystemError)
            and _is_short_of_memory(limits)
        ):
            raise MemoryError from error  # C code that got none, and did not say so
        _send(answers, ERROR, error_payload(error))
    else:
        _send(answers, RESULT, payload)


def _within(limits: Limits, payload: bytes) -> bytes:
    if len(payload) > limits.answer_bytes:
        raise ServeError(
            "too_large",
            f"the answer has {len(payload)} bytes, more than {limits.answer_bytes}; ask for fewer "
            "takes or formats",
        )
    return payload


def _send_take(answers: BinaryIO, take: Any) -> None:
    _send(answers, TAKE, to_json(take))


def _take_jobs(jobs: queue.SimpleQueue[bytes]) -> None:
    """Take jobs from the pipe; its end is the end of the server, and ours at once."""
    pipe = os.fdopen(os.dup(0), "rb")
    try:
        while (job := receive_blocking(pipe)) is not None:
            jobs.put(job[1])
    finally:
        os._exit(0)


def _send(answers: BinaryIO, kind: bytes, payload: bytes) -> None:
    try:
        answers.write(frame(kind, payload))
        answers.flush()
    except OSError:  # the server is gone
        os._exit(0)


def _warm_up_blas() -> None:
    """Let OpenBLAS take its working memory: it ends the process where it cannot have it later."""
    import numpy as np

    _ = np.ones((2, 2)) @ np.ones((2, 2))


def _is_short_of_memory(limits: Limits) -> bool:
    """Whether the process has come near to its limit, which Linux alone sets."""
    status = Path("/proc/self/status")
    if not status.exists():
        return False
    peak = next(line for line in status.read_bytes().splitlines() if line.startswith(b"VmPeak"))
    return int(peak.split()[1]) * 1024 > limits.memory_bytes - (32 << 20)


def _limit_memory(address_space_bytes: int) -> None:
    if sys.platform != "linux":  # macOS knows the limit and refuses to set it
        return
    import resource

    for limit, most in ((resource.RLIMIT_AS, address_space_bytes), (resource.RLIMIT_CORE, 0)):
        old = resource.getrlimit(limit)[1]
        size = most if old == resource.RLIM_INFINITY else min(most, old)
        resource.setrlimit(limit, (size, size))
