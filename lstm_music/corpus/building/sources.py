"""What a corpus is made of: folders, files, and the music that music21 brings along."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from lstm_music.errors import ConfigError
from lstm_music.midi.files import MIDI_SUFFIXES
from lstm_music.midi.scores import foreign
from lstm_music.tokens.vocabulary import DEFAULT

BUILT_IN = ("music21:chorales", "music21:tunes")
"""Sources that every installation has, free to train on."""

KNOWN_STYLES = tuple(style for style in DEFAULT.styles if style and "spare" not in style)
"""Words that ``FOLDER=STYLE`` may say."""

_OFFICIAL_SPLITS = {"validation": "valid", "valid": "valid", "test": "test"}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that is still to be read; it may hold several pieces.

    Parameters
    ----------
    id : where it lies below its source; the same wherever the source is.
    path : the file.
    style : what the source says it holds, "" when it does not.
    held_out : "valid" or "test" when the source says so, "" when we may decide.
    problem : why it cannot be read, when that is known already.
    stamp : of the id, style, held_out, size and time of change: equal if nothing has changed.
    """

    id: str
    path: str
    style: str = ""
    held_out: str = ""
    problem: str = ""
    stamp: int = 0


def list_files(sources: Iterable[str | os.PathLike[str]]) -> Iterator[SourceFile]:
    """All music files of the sources, in a fixed order, one by one.

    Parameters
    ----------
    sources : folders (searched to the bottom, links followed, each folder once), files, or names
        of `BUILT_IN`; ``FOLDER=STYLE`` says what style a source has. With more than one, the ids
        of a folder begin with its name.

    Raises
    ------
    ConfigError : a source does not exist, or its style is none that tokens can name.
    """
    named = [_with_style(os.fspath(source)) for source in sources]
    for number, (name, style) in enumerate(named):
        for file in _source(name, is_alone=len(named) == 1):
            yield _stamped(replace(file, style=style or file.style), number)


def _with_style(source: str) -> tuple[str, str]:
    """A source and the style that stands behind it, "" for none."""
    if source in BUILT_IN or Path(source).exists():
        return source, ""
    name, has_style, style = source.rpartition("=")
    if not has_style or not (name in BUILT_IN or Path(name).exists()):
        raise ConfigError(
            f"no such corpus: {source}; expected a folder, a file or one of {', '.join(BUILT_IN)}"
        )
    if style not in KNOWN_STYLES:
        known = ", ".join(KNOWN_STYLES)
        raise ConfigError(f"{source}: style must be one of {known}, got {style!r}")
    return name, style


def _source(name: str, *, is_alone: bool) -> Iterator[SourceFile]:
    if name == "music21:chorales":
        for id_, path in foreign.chorale_files():
            yield SourceFile(id_, str(path), style="chorale")
    elif name == "music21:tunes":
        for id_, path in foreign.tune_files():
            yield SourceFile(id_, str(path), style="folk")
    elif Path(name).is_dir():
        yield from _folder(Path(name), "" if is_alone else f"{Path(name).resolve().name}/")
    else:
        yield SourceFile(Path(name).name, name)


def _folder(folder: Path, prefix: str) -> Iterator[SourceFile]:
    held_out, problem = _official_splits(folder)
    if problem:
        yield SourceFile(f"{prefix}info.csv", str(folder), problem=problem)
    seen: set[tuple[int, int]] = set()
    below = [""]  # folders still to be searched, each with a slash behind it
    while below:
        inner = below.pop()
        path = folder / inner
        try:
            status = path.stat()
            if (status.st_dev, status.st_ino) in seen:  # a link to a folder that was searched
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(path) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            reason = f"folder cannot be searched ({error.strerror or error})"
            yield SourceFile(f"{prefix}{inner}", str(path), problem=reason)
            continue
        folders = []
        for entry in entries:
            if _is_folder(entry):
                folders.append(f"{inner}{entry.name}/")
            elif _is_music(entry.name):
                name = inner + entry.name
                yield SourceFile(prefix + name, entry.path, held_out=held_out.get(name, ""))
        below += reversed(folders)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself; if it is named like music, reading it says so
        return False


def _is_music(name: str) -> bool:
    suffix = PurePath(name).suffix.lower()
    return suffix in MIDI_SUFFIXES or suffix in foreign.SUFFIXES


def _official_splits(folder: Path) -> tuple[dict[str, str], str]:
    """What the folder's info.csv (columns midi_filename and split, as in Groove) holds out.

    Returns the side of each held-out file, and what is wrong with the table.
    """
    table = folder / "info.csv"
    if not table.is_file():
        return {}, ""
    try:
        with table.open(newline="", encoding="utf-8") as file:
            held_out = {
                os.path.normpath(row["midi_filename"]): _OFFICIAL_SPLITS[row["split"]]
                for row in csv.DictReader(file)
                if row.get("midi_filename") and row.get("split") in _OFFICIAL_SPLITS
            }
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return {}, f"split not used: {error}"
    return held_out, ""


def _stamped(file: SourceFile, source: int) -> SourceFile:
    size = changed = -1
    try:
        status = Path(file.path).stat()
        size, changed = status.st_size, status.st_mtime_ns
    except (OSError, ValueError):
        pass  # told when it is read
    words = (source, file.id, file.style, file.held_out, file.problem, size, changed)
    text = "\0".join(map(str, words)).encode("utf-8", "surrogateescape")
    stamp = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")
    return SourceFile(file.id, file.path, file.style, file.held_out, file.problem, stamp)
