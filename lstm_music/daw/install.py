"""Copies our scripts to where a music program looks for them, and takes them away again."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from lstm_music.client import state_folder
from lstm_music.daw.programs import Program
from lstm_music.errors import ConfigError, OutputError, OutputExistsError
from lstm_music.files import atomic_write

_RECORD = "installed-{}.json"


def install(name: str, program: Program, folder: Path, *, force: bool = False) -> list[Path]:
    """Copy a program's scripts into a folder.

    Parameters
    ----------
    name : of the program, for the record that `remove` goes by.
    folder : where to; it is made.
    force : overwrite files that are not ours, or that somebody has changed.

    Returns
    -------
    The files that stand there now.

    Raises
    ------
    OutputExistsError : a file is there that is not ours.
    OutputError : a file cannot be written.
    """
    known = _record(name)
    contents = {folder / name: content for name, content in program.contents().items()}
    for path, content in contents.items():
        there = _digest(path)
        if not force and there not in (None, known.get(str(path)), _digest_of(content)):
            raise OutputExistsError(
                f"{path} is there and is not as we have left it; --force overwrites it"
            )
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(path, content)
        known |= {str(path): _digest_of(content) for path, content in contents.items()}
        _write_record(name, known)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; --into takes another folder") from error
    return list(contents)


def remove(name: str, *, force: bool = False) -> list[Path]:
    """Take away what `install` has copied, and folders that are empty then.

    Parameters
    ----------
    force : also files that somebody has changed since.

    Returns
    -------
    The files that are gone.

    Raises
    ------
    ConfigError : nothing is installed.
    OutputExistsError : a file was changed.
    OutputError : a file cannot be removed.
    """
    known = _record(name)
    if not known:
        raise ConfigError(f"nothing is installed for {name}; `lstm-music install-daw --list`")
    paths = [Path(path) for path in known]
    changed = [path for path in paths if _digest(path) not in (None, known[str(path)])]
    if changed and not force:
        raise OutputExistsError(f"{changed[0]} was changed since; --force removes it, too")
    gone = [path for path in paths if path.exists()]
    try:
        for path in gone:
            path.unlink()
        _record_path(name).unlink()
    except OSError as error:
        raise OutputError(f"{error.filename}: cannot be removed ({error.strerror})") from error
    for folder in {path.parent for path in paths}:
        with suppress(OSError):  # something else is in it
            folder.rmdir()
    return gone


def installed(name: str) -> list[Path]:
    """The files that `install` has copied and that are still there."""
    return [path for path in map(Path, _record(name)) if path.exists()]


def _record_path(name: str) -> Path:
    return state_folder() / _RECORD.format(name)


def _record(name: str) -> dict[str, str]:
    """SHA-256 of each file as we have left it, by path."""
    try:
        found = json.loads(_record_path(name).read_text(encoding="utf-8"))
        return {str(path): str(digest) for path, digest in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _write_record(name: str, record: dict[str, str]) -> None:
    state_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    atomic_write(_record_path(name), json.dumps(record, indent=1).encode())


def _digest(path: Path) -> str | None:
    try:
        return _digest_of(path.read_bytes())
    except OSError:
        return None


def _digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
