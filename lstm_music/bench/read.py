"""Reading MIDI files: ours beside mido, symusic and music21, in turns, in processor time."""

from __future__ import annotations

import importlib
import importlib.util
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstm_music.errors import ConfigError, LstmMusicError
from lstm_music.midi.read import read_midi
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track

SAMPLES = (5_000, 300)
"""Notes of the files that are made to be read."""

_LEAST_ROUNDS = 3
_Read = Callable[[Path], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """One reader on the files of a case.

    Attributes
    ----------
    case : what is read.
    reader : "ours" ends with a ``Piece``; music21 with a stream, quantised as by default;
        symusic with notes in ticks; mido with single events.
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


def read_rows(folder: Path | None, seconds: float) -> Iterator[ReadRow]:
    """Rows for a file of each size in ``SAMPLES``, and for a folder of files.

    Parameters
    ----------
    folder : of MIDI files, searched to any depth; None leaves that case out.
    seconds : to spend on each reader and case, about; every reader runs at least three times,
        music21 at least once.

    Raises
    ------
    ConfigError : the folder holds no MIDI file that every reader here reads.
    """
    rivals = _rivals()
    with tempfile.TemporaryDirectory() as scratch, _one_core():
        for n_notes in SAMPLES:
            path = Path(scratch) / f"{n_notes}.mid"
            path.write_bytes(to_midi_bytes(_sample(n_notes)))
            yield from _case(f"{n_notes:,} notes in 4 tracks", [path], rivals, seconds)
        if folder is not None:
            paths = [path for path in _midi_files(folder) if _all_read(path, rivals)]
            if not paths:
                raise ConfigError(f"{folder} holds no MIDI file that every reader can read")
            yield from _case(f"folder {folder.name}", paths, rivals, seconds)


def _rivals() -> dict[str, _Read]:
    """Those that are installed."""
    rivals: dict[str, _Read] = {"mido": _read_mido}
    if importlib.util.find_spec("symusic"):
        rivals["symusic"] = _read_symusic
    return rivals | {"music21": _read_music21}


def _read_mido(path: Path) -> object:
    import mido

    return mido.MidiFile(path)


def _read_symusic(path: Path) -> object:
    import symusic

    return symusic.Score(path)


def _read_music21(path: Path) -> object:
    import music21.converter

    return music21.converter.parse(path, forceSource=True)


def _sample(n_notes: int) -> Piece:
    """Four tracks of random notes, one of them drums, 12.5 notes a quarter."""
    rng = np.random.default_rng(0)
    notes = np.zeros(n_notes, NOTE_DTYPE)
    notes["onset_steps"] = rng.integers(0, 24 * n_notes // 12, n_notes)
    notes["duration_steps"] = rng.integers(3, 48, n_notes)
    notes["pitch_midi"] = rng.integers(30, 90, n_notes)
    notes["velocity"] = rng.integers(40, 120, n_notes)
    notes["track"] = rng.integers(0, 4, n_notes)
    return Piece(notes=notes, tracks=tuple(Track(8 * i, i == 3) for i in range(4)))


@contextmanager
def _one_core() -> Iterator[None]:
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


def _midi_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".mid", ".midi"})


def _all_read(path: Path, rivals: dict[str, _Read]) -> bool:
    """Whether everybody reads the file; a rival may fail in any way it likes."""
    try:
        read_midi(path)
    except LstmMusicError:
        return False
    for read in rivals.values():
        try:
            read(path)
        except Exception:
            return False
    return True


def _case(
    case: str, paths: list[Path], rivals: dict[str, _Read], seconds: float
) -> Iterator[ReadRow]:
    """A row for each reader; they take turns, pass by pass, until their time is up."""
    readers: dict[str, _Read] = {"ours": read_midi} | rivals
    times: dict[str, list[float]] = {name: [] for name in readers}
    for name, read in readers.items():
        if name != "music21":  # its first pass counts: a second one may take minutes
            _pass(read, paths)
    waiting = list(readers)
    while waiting:
        for name in waiting:
            times[name].append(_pass(readers[name], paths))
        waiting = [name for name in waiting if not _is_done(name, times[name], seconds)]
    ours = statistics.median(times["ours"])
    notes = sum(len(read_midi(path).notes) for path in paths)
    for name, taken in times.items():
        median = statistics.median(taken)
        yield ReadRow(
            case=case,
            reader=name,
            files=len(paths),
            notes=notes,
            median_ms=median * 1e3,
            best_ms=min(taken) * 1e3,
            ratio=median / ours,
        )


def _is_done(name: str, taken: list[float], seconds: float) -> bool:
    least = 1 if name == "music21" else _LEAST_ROUNDS
    return len(taken) >= least and sum(taken) >= seconds


def _pass(read: _Read, paths: list[Path]) -> float:
    start = time.process_time()
    for path in paths:
        read(path)
    return time.process_time() - start
