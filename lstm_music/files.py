"""Writing a file so that no reader ever sees half of it: the one place that knows how."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lstm_music.errors import OutputError, OutputExistsError

_TEMPORARY_PREFIX = ".lstm_music-"


def atomic_write(path: str | os.PathLike[str], data: bytes, *, overwrite: bool = True) -> None:
    """Write ``data`` to ``path``: all of it, or nothing and the old file stays.

    A temporary file in the same folder is written, flushed to the disk and renamed over ``path``;
    then the folder itself is flushed, so that the name survives a power cut. An old file keeps
    its permissions; a link is followed.

    Parameters
    ----------
    path : the file.
    data : its whole content.
    overwrite : whether a file of that name may be replaced.

    Raises
    ------
    OutputExistsError : the file exists and ``overwrite`` is False.
    OutputError : the folder is missing or not writable, the disk is full, or ``path`` is
        a folder or a device.
    """
    name = os.fspath(path)
    try:
        target = Path(os.path.realpath(name))  # through links, so that a link stays a link
        mode = _mode_to_keep(target, name, overwrite)
        _replace(target, data, mode, overwrite=overwrite)
    except FileExistsError:  # since it was looked for
        raise _exists(name) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{name}: cannot write it ({reason}); choose another place") from error
    except ValueError as error:  # a null byte in the name
        raise OutputError(f"{name!r}: not a file name ({error})") from error


def remove_leftovers(folder: Path) -> None:
    """Delete what `atomic_write` left behind in a folder where it was killed.

    Only for a folder that nobody else writes to at this time.
    """
    with suppress(OSError):  # the next time, then
        for path in folder.glob(f"{_TEMPORARY_PREFIX}*.tmp"):
            path.unlink(missing_ok=True)


@contextmanager
def file_lock(path: Path) -> Iterator[bool]:
    """Hold a lock file; gives False if another process holds it.

    The system ends the lock with the process, however that ends.
    """
    with path.open("a+b") as file:
        yield _take(file.fileno())


def _take(descriptor: int) -> bool:
    """An exclusive lock on an open file; False if another process has it."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def check_writable(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Fail now as `atomic_write` would after hours of work.

    Raises
    ------
    OutputExistsError : the file exists and ``overwrite`` is False.
    OutputError : a file cannot be made in that folder.
    """
    name = os.fspath(path)
    try:
        target = Path(os.path.realpath(name))
        _mode_to_keep(target, name, overwrite)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{name}: cannot write it ({reason}); choose another place") from error


def _mode_to_keep(target: Path, name: str, overwrite: bool) -> int | None:
    """Permissions of the file that is there, None if there is none."""
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        # Renaming over a device such as /dev/null would destroy it for the whole machine.
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise OutputError(f"{name}: is {kind}; choose another place")
    if not overwrite:
        raise _exists(name)
    return stat.S_IMODE(status.st_mode)


def _exists(name: str) -> OutputExistsError:
    return OutputExistsError(
        f"{name}: exists already; choose another name, or overwrite it (force=True)"
    )


def _replace(target: Path, data: bytes, mode: int | None, *, overwrite: bool) -> None:
    # The target's own name may be as long as names can be, so it is not part of this one.
    temporary = target.parent / f"{_TEMPORARY_PREFIX}{os.getpid()}-{os.urandom(6).hex()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)
        if overwrite:
            temporary.replace(target)
        else:
            _take_name(temporary, target)
    except BaseException:  # also Ctrl-C: nothing may stay behind
        with suppress(OSError):
            temporary.unlink()
        raise
    _flush_folder(target.parent)


def _take_name(temporary: Path, target: Path) -> None:
    """Rename a file, unless one of that name is there, even one made a moment ago.

    Raises
    ------
    FileExistsError : there is one.
    """
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: the name is taken empty, then filled
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        try:
            temporary.replace(target)
        except BaseException:
            target.unlink()
            raise
    else:
        temporary.unlink()


def _flush_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows flushes names with the file
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Some network file systems refuse this; the data itself is safe by now.
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
