"""Checkpoints: the last state of a run, and the one before it.

Both are sealed (`lstm_music.nn.sealed`) and replaced whole, so a run killed at any moment finds a
state to go on from. Should the disk have lost the newest, the one before it serves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lstm_music.errors import ModelFileError, OutputError
from lstm_music.files import atomic_write, remove_leftovers
from lstm_music.nn.sealed import Sealed, seal, unseal
from lstm_music.types import Params

LAST, PREVIOUS = "last.safetensors", "previous.safetensors"
FORMAT_VERSION = 1


def write_checkpoint(folder: Path, arrays: Params, facts: Mapping[str, Any]) -> None:
    """Write the state of a run; the last one becomes the previous one.

    The caller holds the run's lock.

    Raises
    ------
    OutputError : it cannot be written; what was there stays.
    """
    blob = seal(arrays, {"checkpoint_version": FORMAT_VERSION, **facts})
    last = folder / LAST
    try:
        if last.exists():
            last.replace(folder / PREVIOUS)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{last}: cannot be replaced ({reason})") from error
    atomic_write(last, blob)
    remove_leftovers(folder)


def read_checkpoint(folder: Path, on_note: Callable[[str], None]) -> Sealed | None:
    """The newest whole checkpoint of a run; None if it has not come so far as to write one.

    Parameters
    ----------
    folder : of the run.
    on_note : told of a checkpoint that is damaged.

    Raises
    ------
    ModelFileError : there are checkpoints, and none is whole.
    """
    damaged = []
    for path in (folder / LAST, folder / PREVIOUS):
        try:
            content = _read(path)
        except FileNotFoundError:
            continue
        except (OSError, ModelFileError) as error:
            damaged.append(f"{path}: {error}")
            continue
        for line in damaged:
            on_note(f"{line}; going on from {path}")
        return content
    if damaged:
        raise ModelFileError(f"no whole checkpoint: {'; '.join(damaged)}")
    return None


def _read(path: Path) -> Sealed:
    content = unseal(path.read_bytes())
    version = content.facts.get("checkpoint_version")
    if version != FORMAT_VERSION:
        raise ModelFileError(f"version {version}, but this lstm_music reads {FORMAT_VERSION}")
    return content
