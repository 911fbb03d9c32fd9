"""Standard input and output: `-` as a file's name, and output that cannot be taken."""

from __future__ import annotations

import io
import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from lstm_music.errors import ConfigError, MidiError, OutputError

if TYPE_CHECKING:
    from lstm_music.midi.content import BinaryFile
    from lstm_music.music.piece import Piece

_DASH = "-"
_INPUT = "standard input"
_OUTPUT = "standard output"


class ReaderGoneError(Exception):
    """Nobody reads what is printed any more."""


def is_stream(path: Path | None) -> bool:
    """Whether a path is `-`: standard input where music is read, standard output where written."""
    return path is not None and str(path) == _DASH


def file_stem(path: Path) -> str:
    """What the name of an output is made of: the input's, or "stdin" for `-`."""
    return "stdin" if is_stream(path) else path.stem


def read_music(path: Path, **options: Any) -> Piece:
    """`lstm_music.read`, also from standard input.

    Raises
    ------
    MidiError : as `lstm_music.read`, or there is no standard input to read.
    """
    from lstm_music.midi.files import read

    if not is_stream(path):
        return read(path, **options)
    try:
        return read(_standard_input(), **options).replace(source=_DASH)
    except MidiError as error:
        raise MidiError(error.reason, path=_INPUT, offset=error.offset) from error


def read_all_music(path: Path, **options: Any) -> list[Piece]:
    """`lstm_music.read_pieces`, also from standard input.

    Raises
    ------
    MidiError : as `read_music`.
    """
    from lstm_music.midi.files import read_pieces

    if not is_stream(path):
        return read_pieces(path, **options)
    try:
        pieces = read_pieces(_standard_input(), **options)
    except MidiError as error:
        raise MidiError(error.reason, path=_INPUT, offset=error.offset) from error
    names = [_DASH, *(f"{_DASH}#{i}" for i in range(2, len(pieces) + 1))]
    return [piece.replace(source=name) for piece, name in zip(pieces, names, strict=True)]


def _standard_input() -> BinaryFile:
    """Standard input, where there is a file to read in it."""
    if sys.stdin is None:
        raise MidiError("it is closed; expected a music file")
    if sys.stdin.isatty():
        raise MidiError("it is a terminal; expected a music file, as from `< tune.mid`")
    return sys.stdin.buffer


def output_paths(path: Path, n: int) -> list[Path]:
    """The path itself for one file, its name with -001 and so on for several.

    Raises
    ------
    ConfigError : `-` for several files.
    """
    if n == 1:
        return [path]
    if is_stream(path):
        raise ConfigError(f"{n} files cannot go to {_OUTPUT}; give -o a name, or make one")
    return [path.with_name(f"{path.stem}-{i:03d}{path.suffix}") for i in range(1, n + 1)]


def check_output(path: Path, *, force: bool, as_json: bool = False) -> None:
    """Fail before the work as `write_output` would after it.

    Parameters
    ----------
    path : the file to write, or `-`.
    force : whether it may replace a file.
    as_json : whether a report goes to standard output.

    Raises
    ------
    ConfigError : `-` beside a report.
    OutputError : the file cannot be written, or standard output is closed or a terminal.
    OutputExistsError : the file exists and ``force`` is False.
    """
    if not is_stream(path):
        from lstm_music.files import check_writable

        check_writable(path, overwrite=force)
    elif as_json:
        raise ConfigError(
            f"--json and -o - both write to {_OUTPUT}; give -o a name, or leave out --json"
        )
    elif sys.stdout is None:
        raise OutputError(f"{_OUTPUT}: it is closed; give -o a name")
    elif sys.stdout.isatty():
        raise OutputError(f"{_OUTPUT}: a terminal cannot show it; add `> FILE`, or give -o a name")


def write_output(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file whole or not at all; or to standard output, for `-`.

    Nothing else may be printed there then.

    Raises
    ------
    OutputError, OutputExistsError : as `check_output`, or not all of it was taken.
    """
    if not is_stream(path):
        from lstm_music.files import atomic_write

        atomic_write(path, data, overwrite=force)
        return
    check_output(path, force=force)
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


def refuse_stream(_context: object, _parameter: object, path: Path | None) -> Path | None:
    """A click callback for what cannot go through a pipe: a model and its run, a cache.

    Raises
    ------
    ConfigError : the path is `-`.
    """
    if is_stream(path):
        raise ConfigError(f"-o - means {_OUTPUT}, for music and pictures only; give -o a name")
    return path


def guard_standard_streams() -> None:
    """Have failures of standard output told as ours, and those of standard error told nobody.

    Without a console (``pythonw`` on Windows) both are None, and stay so: what is printed goes
    nowhere. Elsewhere None means that the stream was closed.
    """
    closed_is_an_error = sys.platform != "win32"
    if sys.stdout is not None or closed_is_an_error:
        sys.stdout = _guarded(sys.stdout, _StandardOutput)
    if sys.stderr is not None:
        sys.stderr = _guarded(sys.stderr, _StandardError)


def _guarded(text: TextIO | None, guard: type[_Guard]) -> TextIO:
    buffer = getattr(text, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # unbuffered (-u), the one is the other
    return io.TextIOWrapper(
        io.BufferedWriter(guard(raw)),
        encoding=getattr(text, "encoding", "utf-8"),
        errors=getattr(text, "errors", "strict"),
        line_buffering=getattr(text, "line_buffering", False),
        write_through=getattr(text, "write_through", False),
    )


class _Guard(io.RawIOBase):
    """A raw stream that fails once, through `_tell`, and takes everything after that.

    So what is still in a buffer when the interpreter ends cannot fail again.
    """

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._failed = False

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._raw is not None and bool(self._raw.isatty())

    def fileno(self) -> int:
        if self._raw is None:
            raise io.UnsupportedOperation("closed")
        return int(self._raw.fileno())

    def write(self, data: Any) -> int:
        if self._failed:
            return len(data)
        try:
            return self._taken(data)
        except OSError as error:
            self._failed = True
            self._tell(error)
            return len(data)

    def _taken(self, data: Any) -> int:
        """How many bytes the stream has taken, at least one."""
        if self._raw is None:
            raise OSError("it is closed")
        while (n := self._raw.write(data)) is None:  # a pipe that does not wait, and is full
            select.select([], [self._raw], [])
        return int(n)

    def _tell(self, error: OSError) -> None:
        raise NotImplementedError


class _StandardOutput(_Guard):
    def _tell(self, error: OSError) -> None:
        if isinstance(error, BrokenPipeError):
            raise ReaderGoneError from None
        reason = error.strerror or str(error)
        raise OutputError(f"{_OUTPUT}: cannot write it ({reason}); choose another place") from error


class _StandardError(_Guard):
    def _tell(self, error: OSError) -> None:
        """Work does not end because nobody takes its notes."""
