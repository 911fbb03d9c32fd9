"""Reading MIDI files: ours beside mido, symusic and music21, in turns, in processor time."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lstm_music.bench.files import FileRow, Read, file_rows, one_core, read_by_all
from lstm_music.midi.read import read_midi
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track

SAMPLES = (5_000, 300)
"""Notes of the files that are made to be read."""


def read_rows(folder: Path | None, seconds: float) -> Iterator[FileRow]:
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
    readers: dict[str, Read] = {"ours": read_midi} | _rivals()
    with tempfile.TemporaryDirectory() as scratch, one_core():
        for n_notes in SAMPLES:
            path = Path(scratch) / f"{n_notes}.mid"
            path.write_bytes(to_midi_bytes(_sample(n_notes)))
            yield from file_rows(f"{n_notes:,} notes in 4 tracks", [path], readers, seconds)
        if folder is not None:
            paths = read_by_all(folder, readers.values())
            yield from file_rows(f"folder {folder.name}", paths, readers, seconds)


def _rivals() -> dict[str, Read]:
    """Those that are installed."""
    rivals: dict[str, Read] = {"mido": _read_mido}
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
