"""Frames between the server and the processes that compose: a kind, a length, JSON."""

from __future__ import annotations

import asyncio
import struct
from typing import BinaryIO

HEAD = struct.Struct("<cI")

JOB, TAKE, RESULT, ERROR = b"J", b"T", b"R", b"E"
READY = b"Y"


def frame(kind: bytes, payload: bytes) -> bytes:
    """A frame."""
    return HEAD.pack(kind, len(payload)) + payload


async def receive(stream: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The next frame: kind and payload.

    Raises
    ------
    asyncio.IncompleteReadError : the other side is gone.
    """
    kind, size = HEAD.unpack(await stream.readexactly(HEAD.size))
    return kind, await stream.readexactly(size)


def receive_blocking(pipe: BinaryIO) -> tuple[bytes, bytes] | None:
    """The next frame; None at the end."""
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    kind, size = HEAD.unpack(head)
    payload = pipe.read(size)
    return (kind, payload) if len(payload) == size else None
