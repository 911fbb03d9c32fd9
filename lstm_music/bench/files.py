"""Who goes through files fastest: everybody in turns on one core, in processor time."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lstm_music.errors import ConfigError
from lstm_music.midi.read import read_midi

Read = Callable[[Path], object]

_LEAST_ROUNDS = 3
_SLOW = "music21"  # its first pass counts, since a second one may take minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One reader on the files of a case.

    Attributes
    ----------
    case : what is read.
    reader : who reads, "ours" first.
    files, notes : read in one pass; notes as we count them.
    median_ms, best_ms : processor time of a pass.
    ratio : median_ms over ours; above 1 where we are faster.
    """

    case: str
    reader: str
    files: int
    notes: int
    median_ms: float
    best_ms: float
    ratio: float


@contextmanager
def one_core() -> Iterator[None]:
    """Keep everybody on one core, where the system allows it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def read_by_all(folder: Path, readers: Iterable[Read]) -> list[Path]:
    """The MIDI files of a folder that everybody reads; a rival may fail in any way it likes.

    Raises
    ------
    ConfigError : there is none.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".mid", ".midi"})
    paths = [path for path in paths if all(_reads(read, path) for read in readers)]
    if not paths:
        raise ConfigError(f"{folder} holds no MIDI file that every reader can read")
    return paths


def _reads(read: Read, path: Path) -> bool:
    try:
        read(path)
    except Exception:
        return False
    return True


def file_rows(
    case: str, paths: list[Path], readers: Mapping[str, Read], seconds: float
) -> Iterator[FileRow]:
    """A row for each reader; they take turns, pass by pass, until their time is up.

    Parameters
    ----------
    case, paths : what is read.
    readers : by name, with "ours" among them.
    seconds : to spend on each, about; at least three passes, of music21 one.
    """
    times: dict[str, list[float]] = {name: [] for name in readers}
    for name in readers:
        if not name.startswith(_SLOW):
            _pass(readers[name], paths)
    waiting = list(readers)
    while waiting:
        for name in waiting:
            times[name].append(_pass(readers[name], paths))
        waiting = [name for name in waiting if not _is_done(name, times[name], seconds)]
    ours = statistics.median(times["ours"])
    notes = sum(len(read_midi(path).notes) for path in paths)
    for name, taken in times.items():
        median = statistics.median(taken)
        yield FileRow(
            case=case,
            reader=name,
            files=len(paths),
            notes=notes,
            median_ms=median * 1e3,
            best_ms=min(taken) * 1e3,
            ratio=median / ours,
        )


def _is_done(name: str, taken: list[float], seconds: float) -> bool:
    least = 1 if name.startswith(_SLOW) else _LEAST_ROUNDS
    return len(taken) >= least and sum(taken) >= seconds


def _pass(read: Read, paths: list[Path]) -> float:
    start = time.process_time()
    for path in paths:
        read(path)
    return time.process_time() - start
