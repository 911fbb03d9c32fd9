"""What earlier runs have read already: by stamp, so that it is not opened again, and by content.

A corpus of a million files is a few arrays here, never a million Python objects.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.building.records import facts_of, frames

PLACE = np.dtype(
    [("stamp", "<u8"), ("content", "<u8"), ("part", "<u4"), ("offset", "<i8"), ("size", "<i8")]
)
"""Where a record lies: in which file of records, and where there. Content 0: none was read."""


@dataclass(frozen=True)
class Known:
    """The records of some files.

    Parameters
    ----------
    parts : the files.
    places : (n,) PLACE, in the order of the stamps; one a stamp.
    """

    parts: tuple[Path, ...]
    places: npt.NDArray[np.void]

    def find(self, stamps: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """Index into ``places`` for each stamp, -1 where there is none."""
        if not len(self.places):
            return np.full(len(stamps), -1)
        at = np.minimum(np.searchsorted(self.places["stamp"], stamps), len(self.places) - 1)
        return np.where(self.places["stamp"][at] == stamps, at, -1)

    def has(self, stamp: int) -> bool:
        """Whether a file of this stamp was read, and not merely failed to open."""
        (at,) = self.find(np.array([stamp], np.uint64)).tolist()
        return at >= 0 and bool(self.places["content"][at])


def read_known(parts: Sequence[Path]) -> Known:
    """Look through files of records; torn ends are left out."""
    columns = [array("Q"), array("Q"), array("Q"), array("Q"), array("Q")]
    for number, path in enumerate(parts):
        for frame in frames(path):
            content = int(frame.facts["content"][:16] or "0", 16)
            row = (int(frame.facts["stamp"], 16), content, number, frame.offset, frame.size)
            for column, value in zip(columns, row, strict=True):
                column.append(value)
    places = np.empty(len(columns[0]), PLACE)
    for name, column in zip(PLACE.names or (), columns, strict=True):
        places[name] = np.frombuffer(column, np.uint64) if column else 0
    # Of several records of one stamp, one that was read goes before one that was not.
    order = np.lexsort([places["offset"], places["part"], places["content"] == 0, places["stamp"]])
    places = places[order]
    new = np.diff(places["stamp"], prepend=~places["stamp"][:1]) != 0
    return Known(tuple(parts), places[new])


def write_contents(known: Known, folder: Path, run: str) -> None:
    """Let the workers of a run find records by content."""
    places = known.places[known.places["content"] != 0]
    if not len(places):
        return
    places = places[np.argsort(places["content"], kind="stable")]
    _names_file(folder, run).write_text(json.dumps([path.name for path in known.parts]))
    _places_file(folder, run).write_bytes(places.tobytes())


def remove_contents(folder: Path, run: str) -> None:
    """Undo `write_contents`."""
    for path in (_names_file(folder, run), _places_file(folder, run)):
        path.unlink(missing_ok=True)


def find_record(folder: str, run: str, content: str) -> bytes | None:
    """The bytes of an earlier record of this content; None if there is none."""
    places, parts = _contents(folder, run)
    wanted = np.uint64(int(content[:16], 16))
    at = int(np.searchsorted(places["content"], wanted))
    if at == len(places) or places["content"][at] != wanted:
        return None
    try:
        with Path(folder, parts[places["part"][at]]).open("rb") as file:
            file.seek(int(places["offset"][at]))
            record = file.read(int(places["size"][at]))
    except OSError:
        return None  # read it anew
    return record if facts_of(record)["content"] == content else None


@lru_cache(maxsize=1)
def _contents(folder: str, run: str) -> tuple[npt.NDArray[np.void], list[str]]:
    try:
        names = json.loads(_names_file(Path(folder), run).read_text())
        return np.memmap(_places_file(Path(folder), run), PLACE, "r"), names
    except OSError:
        return np.empty(0, PLACE), []


def _names_file(folder: Path, run: str) -> Path:
    return folder / f"known-{run}.json"


def _places_file(folder: Path, run: str) -> Path:
    return folder / f"known-{run}.places"
