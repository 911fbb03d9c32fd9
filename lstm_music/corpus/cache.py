"""A tokenised corpus in a folder, mapped into memory: made once, reused while nothing changes."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.building.build import OPTIONS_FILE, build, is_cache
from lstm_music.corpus.building.finish import (
    INDEX_FILE,
    PIECE,
    RECORDS_FILE,
    REJECTS_FILE,
    read_summary,
)
from lstm_music.corpus.building.options import CorpusOptions
from lstm_music.corpus.building.reading import Progress
from lstm_music.corpus.building.records import frame_at
from lstm_music.corpus.split import SPLITS
from lstm_music.errors import ConfigError
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.types import IntArray

OnReject = Callable[[str, str], None]
"""Called with the id of a piece that cannot be used, and the reason."""


@dataclass(frozen=True)
class TokenCache:
    """All pieces of a corpus as tokens.

    Parameters
    ----------
    tokens : (n,) int16; may be mapped from a file and hold other things between the pieces.
    starts : (P,) int64, where each piece's tokens begin.
    lengths : (P,) int32, tokens of each piece.
    sides : (P,) uint8, index into `SPLITS`.
    styles : (P,) the style word of each piece, "" when unknown.
    ids : (P,) where each piece came from, below its source.
    rejected : (id, reason) of what was left out.
    digest : of the content of the sources, the options and the tokeniser.
    groups : (P,) first of the near duplicates of each piece, by its place; None: not known.
    heard : (P,) how many tokens of each piece are heard but not scored, when it is held out: of
        pieces of which the last bars alone are held out (`lstm_music.corpus.ends`); None: all 0.
    whole_bars : (P,) how many bars the music has of which this is only the beginning; 0: it is
        whole; None: all 0.
    keep : whatever must live as long as the tokens are used.
    """

    tokens: npt.NDArray[np.int16]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int32]
    sides: npt.NDArray[np.uint8]
    styles: Sequence[str]
    ids: Sequence[str]
    rejected: Sequence[tuple[str, str]]
    digest: str
    groups: npt.NDArray[np.int64] | None = None
    heard: npt.NDArray[np.int32] | None = None
    whole_bars: npt.NDArray[np.int32] | None = None
    keep: object = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.lengths)

    def piece_tokens(self, index: int) -> IntArray:
        """Tokens of one piece, (N,) int32."""
        start = int(self.starts[index])
        return self.tokens[start : start + int(self.lengths[index])].astype(np.int32)

    def of_style(self, style: str) -> TokenCache:
        """The pieces of one style alone, each on the side where it stands.

        Raises
        ------
        ConfigError : no piece has this style.
        """
        chosen = np.array([name == style for name in self.styles], bool)
        if not chosen.any():
            found = ", ".join(sorted(set(self.styles) - {""})) or "no style at all"
            raise ConfigError(f"no piece is of the style {style!r}; the corpus has {found}")
        return self.some(np.flatnonzero(chosen))

    def some(self, chosen: npt.NDArray[np.int64]) -> TokenCache:
        """Some of the pieces, each on the side where it stands."""
        columns = {n: getattr(self, n) for n in ("groups", "heard", "whole_bars")}
        return replace(
            self,
            starts=self.starts[chosen],
            lengths=self.lengths[chosen],
            sides=self.sides[chosen],
            styles=tuple(self.styles[int(i)] for i in chosen),
            ids=_Chosen(self.ids, chosen),
            **{n: column[chosen] for n, column in columns.items() if column is not None},
        )

    def heard_tokens(self, index: int) -> int:
        """How many tokens of a piece are heard but not scored when it is held out."""
        return 0 if self.heard is None else int(self.heard[index])

    def bars_of_whole(self, index: int) -> int:
        """Bars of the music of which this is only the beginning; 0: it is whole."""
        return 0 if self.whole_bars is None else int(self.whole_bars[index])

    def indices(self, side: str) -> npt.NDArray[np.int64]:
        """Which pieces stand on a side: "train", "valid" or "test"."""
        return np.flatnonzero(self.sides == SPLITS.index(side))

    def n_targets(self, side: str) -> int:
        """Tokens to read in one pass over a side: all but each piece's first."""
        return int((self.lengths[self.indices(side)].astype(np.int64) - 1).sum())

    @property
    def n_tokens(self) -> int:
        """Tokens of all pieces."""
        return int(self.lengths.sum(dtype=np.int64))

    def __iter__(self) -> Iterator[IntArray]:
        return map(self.piece_tokens, range(len(self)))


class _Styles(Sequence[str]):
    """Style words from their numbers."""

    def __init__(self, numbers: npt.NDArray[np.uint8]) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        if isinstance(index, slice):
            return tuple(DEFAULT.styles[number] for number in self._numbers[index])
        return DEFAULT.styles[self._numbers[index]]


class _Ids(Sequence[str]):
    """Ids, each read from its record when it is asked for."""

    def __init__(self, records: Path, index: npt.NDArray[np.void]) -> None:
        self._records = records
        self._index = index

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        row = self._index[index]
        with self._records.open("rb") as file:
            facts = frame_at(file, int(row["record"])).facts
        return facts["id"] + facts["pieces"][int(row["part"])]["part"]


class _Chosen(Sequence[str]):
    """Some of the ids of a sequence."""

    def __init__(self, ids: Sequence[str], chosen: npt.NDArray[np.int64]) -> None:
        self._ids = ids
        self._chosen = chosen

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        if isinstance(index, slice):
            return tuple(self._ids[int(i)] for i in self._chosen[index])
        return self._ids[int(self._chosen[index])]


class _Temporary:
    """A folder that is removed with this object."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lstm_music-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


def token_cache(
    sources: Iterable[str | os.PathLike[str]],
    path: str | os.PathLike[str] | None = None,
    *,
    options: CorpusOptions | None = None,
    progress: Progress | None = None,
    on_reject: OnReject | None = None,
    jobs: int | None = None,
    executor_name: str = "local",
) -> TokenCache:
    """Read, split and tokenise a corpus, or take what a cache has of it.

    Parameters
    ----------
    sources : one folder that `build` made, or what `list_files` takes.
    path : folder of the cache, brought up to date; None to keep nothing beyond this process.
    options, progress, jobs, executor_name : as in `build`.
    on_reject : called with (id, reason) for each piece left out.

    Raises
    ------
    ConfigError : a source does not exist, none holds a usable piece, or a cache stands among
        other sources.
    OutputError : the cache cannot be written.
    """
    names = [os.fspath(source) for source in sources]
    caches = [name for name in names if is_cache(name)]
    if caches and len(names) > 1:
        raise ConfigError(
            f"{caches[0]} is a cache: it must be the only source; build one of all the folders"
        )
    if caches:
        cache = open_cache(caches[0])
    else:
        keep = _Temporary() if path is None else None
        folder = keep.folder if keep is not None else Path(os.fspath(path or ""))
        build(
            names,
            folder,
            options,
            progress=progress,
            jobs=jobs,
            executor_name=executor_name,
        )
        cache = open_cache(folder, keep)
    if on_reject is not None:
        for id_, reason in cache.rejected:
            on_reject(id_, reason)
    return cache


def open_cache(folder: str | os.PathLike[str], keep: object = None) -> TokenCache:
    """A cache that `build` has finished.

    Parameters
    ----------
    folder : of the cache.
    keep : as in `TokenCache`.

    Raises
    ------
    ConfigError : no cache, not finished, of another version, or damaged.
    """
    folder = Path(folder)
    try:
        _check_version(folder)
        summary = read_summary(folder)
        index = np.fromfile(folder / INDEX_FILE, PIECE)
        tokens = np.memmap(folder / RECORDS_FILE, "<i2", "r")
        rejected = _read_rejects(folder / REJECTS_FILE)
        _check_whole(index, tokens, summary)
        for row in index[[0, -1]]:  # all of them would take too long
            _check_record(folder / RECORDS_FILE, row)
    except FileNotFoundError as error:
        raise ConfigError(
            f"{folder}: no finished cache ({Path(error.filename).name} is missing); "
            "build it with `lstm-music corpus build`"
        ) from error
    except ConfigError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{folder}: the cache is damaged ({error}); build it again") from error
    return TokenCache(
        tokens=tokens,
        starts=np.ascontiguousarray(index["start"]),
        lengths=np.ascontiguousarray(index["length"]),
        sides=np.ascontiguousarray(index["side"]),
        styles=_Styles(np.ascontiguousarray(index["style"])),
        ids=_Ids(folder / RECORDS_FILE, index),
        rejected=rejected,
        digest=summary["digest"],
        groups=np.ascontiguousarray(index["group"]),
        keep=keep,
    )


def cache_options(folder: str | os.PathLike[str]) -> CorpusOptions:
    """How the files of a cache were read.

    Raises
    ------
    ConfigError : no cache, or of another version.
    """
    path = Path(folder, OPTIONS_FILE)
    try:
        options = CorpusOptions.from_facts(json.loads(path.read_text(encoding="ascii")))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder}: no cache ({error})") from error
    if options is None:
        raise ConfigError(f"{folder}: a cache of another version; build it again")
    return options


def _read_rejects(path: Path) -> tuple[tuple[str, str], ...]:
    rows = map(json.loads, path.read_text(encoding="ascii").splitlines())
    return tuple((row["id"], _with_offset(row["reason"], row["offset"])) for row in rows)


def _with_offset(reason: str, offset: int | None) -> str:
    return reason if offset is None else f"{reason} (byte {offset})"


def _check_version(folder: Path) -> None:
    options = json.loads((folder / OPTIONS_FILE).read_text(encoding="ascii"))
    if CorpusOptions.from_facts(options) is None:
        raise ConfigError(f"{folder}: a cache of another version; build it again")


def _check_record(path: Path, row: np.void) -> None:
    with path.open("rb") as file:
        frame = frame_at(file, int(row["record"]))
    part = int(row["part"])
    if part >= len(frame.facts["pieces"]) or frame.token_starts()[part] != row["start"]:
        raise ValueError("index and records do not fit together")


def _check_whole(
    index: npt.NDArray[np.void], tokens: npt.NDArray[np.int16], summary: dict[str, object]
) -> None:
    ends = index["start"] + index["length"]
    fits = len(index) == summary["pieces"] and 2 * len(tokens) == summary["bytes"]
    if not fits or index["start"].min() < 0 or ends.max() > len(tokens):
        raise ValueError("index and tokens do not fit together")
    if index["side"].max() >= len(SPLITS) or index["style"].max() >= len(DEFAULT.styles):
        raise ValueError("the index names what does not exist")
