"""Reading a file that may be anything: too large, a pipe, a device, gone, not ours to read."""

from __future__ import annotations

import os
import stat

from lstm_music.errors import MidiError

# Non-blocking: opening a pipe that nobody writes to would otherwise never return.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_regular(path: str | os.PathLike[str], max_bytes: int) -> bytes:
    """The first bytes of a file; one more than ``max_bytes`` if it is longer than that.

    Raises
    ------
    MidiError : it cannot be opened or is no regular file; naming the path.
    """
    try:
        descriptor = os.open(path, _FLAGS)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise MidiError("a folder, pipe or device, not a regular file", path=path)
            return _first_bytes(descriptor, min(status.st_size, max_bytes + 1))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise MidiError(f"cannot be read: {error.strerror or error}", path=path) from error
    except ValueError as error:  # a null byte in the name
        raise MidiError(f"not a file name: {error}", path=path) from error


def _first_bytes(descriptor: int, n: int) -> bytes:
    data = os.read(descriptor, n)
    while len(data) < n and (more := os.read(descriptor, n - len(data))):
        data += more  # a network may give less at a time
    return data
