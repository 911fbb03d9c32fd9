"""Piano rolls of the polyphonic benchmarks: read from a file, or made up.

Boulanger-Lewandowski, Bengio & Vincent (ICML 2012), section 6: 88 keys (A0..C8, MIDI 21..108), one
frame a fraction of a beat, pieces in a common key. A frame says which keys sound, not which are
struck.

The file is an ``.npz``: for each split ``NAME_frames``, (frames, 11) uint8, the 88 bits of a frame
packed by ``numpy.packbits(axis=1)``, and ``NAME_lengths``, (pieces,) integers that cut them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError
from lstm_music.reproduce.task import Settings

KEYS = 88
Integers = npt.NDArray[np.integer[Any]]
"""Of any width: what is counted, not computed with."""
Roll = Integers
"""(T, 88) uint8 of 0 and 1, T at least 1."""

SETS = {
    (229, 13_807): "JSB Chorales",
    (694, 176_561): "Nottingham",
    (524, 245_202): "MuseData",
    (87, 75_911): "Piano-midi.de",
}
"""The four sets by pieces and frames of their training split."""


def read_pieces(path: Path, kind: str) -> dict[str, list[Integers]]:
    """Every split of a file, as pieces.

    Parameters
    ----------
    path : of an ``.npz`` with ``NAME_<kind>`` and ``NAME_lengths`` for each split.
    kind : ``frames`` or ``steps``.

    Returns
    -------
    Pieces (T, columns) of each split by name, in the file's order; ``train`` among them.

    Raises
    ------
    ConfigError : the file cannot be read, or is not of this form.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"cannot read {path} as an .npz file: {error}") from error
    ending = f"_{kind}"
    names = [name.removesuffix(ending) for name in arrays if name.endswith(ending)]
    if "train" not in names:
        held = ", ".join(arrays) or "nothing"
        raise ConfigError(f"{path} must hold train{ending} and train_lengths, got {held}")
    return {name: _cut(path, name, arrays, kind) for name in names}


def _cut(path: Path, name: str, arrays: Mapping[str, Integers], kind: str) -> list[Integers]:
    rows, lengths = arrays[f"{name}_{kind}"], arrays.get(f"{name}_lengths")
    if lengths is None or rows.ndim != 2 or (lengths < 1).any() or lengths.sum() != len(rows):
        raise ConfigError(
            f"{path}: {name}_lengths must cut the {len(rows)} rows of {name}_{kind} into pieces"
        )
    return np.split(rows, np.cumsum(lengths)[:-1])


def read_rolls(path: Path) -> dict[str, list[Roll]]:
    """The piano rolls of every split of a file.

    Raises
    ------
    ConfigError : the file cannot be read, or is not of this form.
    """
    splits = read_pieces(path, "frames")
    width = next(iter(splits.values()))[0].shape[1]
    if width != KEYS // 8:
        raise ConfigError(f"{path}: a frame must be {KEYS // 8} bytes, got {width}")
    return {
        name: [np.unpackbits(piece.astype(np.uint8), axis=1, count=KEYS) for piece in pieces]
        for name, pieces in splits.items()
    }


def name_of(train: Sequence[Roll]) -> str | None:
    """Which of the four sets a training split is of; None: another."""
    return SETS.get((len(train), sum(map(len, train))))


def rolls_of(settings: Settings, *, needed_by: str) -> dict[str, list[Roll]]:
    """The splits of the file that was asked for; with ``quick`` and no file, made-up ones.

    Raises
    ------
    ConfigError : there is no file, or it has no ``valid`` split to choose the epoch by.
    """
    if settings.data is not None:
        splits = read_rolls(settings.data)
        if "valid" not in splits:
            raise ConfigError(f"{settings.data} must hold valid_frames: they choose the epoch")
        return splits
    if not settings.quick:
        raise ConfigError(
            f"{needed_by} needs piano rolls: --data FILE.npz; --quick does with made-up ones"
        )
    return {"train": made_up_rolls(40, rng_seed=1), "valid": made_up_rolls(12, rng_seed=2)}


def next_frame(roll: Roll) -> tuple[Roll, Roll]:
    """Inputs and targets, (T, 88) each: every frame is to be told from those before it."""
    return np.concatenate([np.zeros_like(roll[:1]), roll[:-1]]), roll


def made_up_rolls(pieces: int, rng_seed: int) -> list[Roll]:
    """Chords that walk: music enough to learn from where no file is given.

    Four chords of four keys follow one another in a fixed order, each for two frames; every piece
    starts somewhere in the round, and every note is missing one time in ten.

    Parameters
    ----------
    pieces : how many, of 24 to 40 frames.
    rng_seed : same seed, same pieces.
    """
    rng = np.random.default_rng(rng_seed)
    chords = np.zeros((4, KEYS), np.uint8)
    for chord, root in enumerate((27, 32, 34, 27)):
        third = 3 if chord == 3 else 4
        chords[chord, [root, root + 12, root + 12 + third, root + 19]] = 1
    made: list[Roll] = []
    for _ in range(pieces):
        T = int(rng.integers(24, 41))
        place = (int(rng.integers(0, 8)) + np.arange(T)) // 2 % 4
        made.append((chords[place] & (rng.random((T, KEYS)) < 0.9)).astype(np.uint8))
    return made
