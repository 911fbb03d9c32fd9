"""Reading a file that may be anything: too large, a pipe, a device, gone, not ours to read."""

from __future__ import annotations

import os
import stat

from lstm_music.errors import MidiError


def read_regular(path: str | os.PathLike[str], max_bytes: int) -> bytes:
    """The first bytes of a file; one more than ``max_bytes`` if it is longer than that.

    Raises
    ------
    MidiError : it cannot be opened or is no regular file; naming the path.
    """
    # Non-blocking: opening a pipe that nobody writes to would otherwise never return.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise MidiError("a folder, pipe or device, not a regular file", path=path)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise MidiError(f"cannot be read: {error.strerror or error}", path=path) from error
    except ValueError as error:  # a null byte in the name
        raise MidiError(f"not a file name: {error}", path=path) from error
