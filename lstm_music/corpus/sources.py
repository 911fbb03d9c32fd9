"""What a corpus is made of: folders, files, and the music that music21 brings along."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lstm_music.errors import ConfigError, LstmMusicError
from lstm_music.midi import foreign
from lstm_music.midi.files import MIDI_SUFFIXES
from lstm_music.music.piece import Piece

BUILT_IN = ("music21:chorales", "music21:tunes")
"""Sources that every installation has, free to train on."""

OnReject = Callable[[str, str], None]
"""Called with the id of a piece that cannot be used, and the reason."""

_OFFICIAL_SPLITS = {"validation": "valid", "valid": "valid", "test": "test"}


@dataclass(frozen=True, slots=True)
class Item:
    """One piece that is still to be read.

    ``path`` is a file, or None when ``abc`` holds the tune itself. ``held_out`` is "valid" or
    "test" when the source says so, "" when we may decide.
    """

    id: str
    path: Path | None = None
    abc: str = ""
    style: str = ""
    held_out: str = ""


def list_items(sources: Iterable[str | os.PathLike[str]], on_reject: OnReject) -> list[Item]:
    """All pieces of the sources, in a fixed order.

    Parameters
    ----------
    sources : folders (searched to the bottom), files, or names of `BUILT_IN`.
    on_reject : told of every file that is not music or cannot be opened.

    Raises
    ------
    ConfigError : a source does not exist.
    """
    items: list[Item] = []
    for source in sources:
        name = os.fspath(source)
        if name == "music21:chorales":
            items += (Item(id_, path, style="chorale") for id_, path in foreign.chorale_files())
        elif name == "music21:tunes":
            items += (Item(id_, abc=abc, style="folk") for id_, abc in foreign.tune_texts())
        elif Path(name).is_dir():
            items += _folder(Path(name), on_reject)
        elif Path(name).is_file():
            items += _file(Path(name), on_reject)
        else:
            raise ConfigError(
                f"no such corpus: {name}; expected a folder, a file or one of {', '.join(BUILT_IN)}"
            )
    return items


def infer_style(piece: Piece) -> str:
    """The piece's own style, else "drums" if every track is drums, else ""."""
    if piece.style:
        return piece.style
    return "drums" if piece.tracks and all(track.is_drum for track in piece.tracks) else ""


def _folder(folder: Path, on_reject: OnReject) -> Iterator[Item]:
    held_out = _official_splits(folder, on_reject)
    for path in sorted(folder.rglob("*")):
        suffix = path.suffix.lower()
        if path.is_file() and (suffix in MIDI_SUFFIXES or suffix in foreign.SUFFIXES):
            yield from _file(path, on_reject, held_out.get(path, ""))


def _file(path: Path, on_reject: OnReject, held_out: str = "") -> Iterator[Item]:
    if path.suffix.lower() != ".abc":
        yield Item(str(path), path, held_out=held_out)
        return
    try:
        tunes = foreign.abc_tunes(foreign.read_text(path))
        for number, tune in enumerate(tunes, start=1):
            yield Item(f"{path}#{number}", abc=tune, held_out=held_out)
    except LstmMusicError as error:
        on_reject(str(path), str(error))


def _official_splits(folder: Path, on_reject: OnReject) -> dict[Path, str]:
    """What the folder's info.csv (columns midi_filename and split, as in Groove) holds out."""
    table = folder / "info.csv"
    if not table.is_file():
        return {}
    try:
        with table.open(newline="", encoding="utf-8") as file:
            return {
                folder / row["midi_filename"]: _OFFICIAL_SPLITS[row["split"]]
                for row in csv.DictReader(file)
                if row.get("midi_filename") and row.get("split") in _OFFICIAL_SPLITS
            }
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        on_reject(str(table), f"split not used: {error}")
        return {}
