"""How much a client may ask of the server."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


def usual_workers() -> int:
    """How many requests are composed at once: one a core, at most four."""
    return min(os.cpu_count() or 1, 4)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one client, and all of them together, may take.

    Parameters
    ----------
    workers : requests that are composed at once, each in a process of its own.
    request_bytes : size of one request.
    answer_bytes : size of one answer, and of all that waits for a client who does not read.
    bars : of a continuation or of a piece from nothing.
    takes : of one request.
    notes : of one piece that is told note by note.
    avoided : earlier results that a request may name.
    compose_seconds : time of one request, from when its turn comes.
    wait_seconds : time that a request waits for its turn.
    receive_seconds : time in which a request that has begun must be there whole.
    memory_bytes : address space of the process that composes (Linux only).
    waiting, waiting_a_client : requests that wait for their turn.
    connections : of TCP, and of HTTP.
    burst, a_second : calls that a client may make at once, and that it gets back each second.
    """

    workers: int = field(default_factory=usual_workers)
    request_bytes: int = 8 << 20
    answer_bytes: int = 32 << 20
    bars: int = 256
    takes: int = 16
    notes: int = 50_000
    avoided: int = 16
    compose_seconds: float = 120.0
    wait_seconds: float = 300.0
    receive_seconds: float = 30.0
    memory_bytes: int = 2 << 30
    waiting: int = 128
    waiting_a_client: int = 32
    connections: int = 64
    burst: int = 256
    a_second: float = 32.0
