"""A tokenised corpus in one .safetensors file, made once and reused while nothing changes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.load import Progress, load_items
from lstm_music.corpus.sources import Item, OnReject, list_items
from lstm_music.corpus.split import SPLITS, split
from lstm_music.errors import ConfigError, LstmMusicError
from lstm_music.files import atomic_write
from lstm_music.music.piece import Piece
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.types import IntArray

CACHE_VERSION = 1
"""Raised when reading, splitting or encoding changes, so that old caches are made anew."""

_ARRAYS = ("tokens", "lengths", "sides")


@dataclass(frozen=True)
class TokenCache:
    """All pieces of a corpus as tokens.

    Parameters
    ----------
    tokens : (n,) int16, piece after piece.
    lengths : (P,) int32, tokens of each piece.
    sides : (P,) uint8, index into `SPLITS`.
    styles : (P,) the style word of each piece, "" when unknown.
    ids : (P,) where each piece came from.
    rejected : (id, reason) of what was left out.
    digest : of the sources and the tokeniser.
    """

    tokens: npt.NDArray[np.int16]
    lengths: npt.NDArray[np.int32]
    sides: npt.NDArray[np.uint8]
    styles: tuple[str, ...]
    ids: tuple[str, ...]
    rejected: tuple[tuple[str, str], ...]
    digest: str

    def __len__(self) -> int:
        return len(self.lengths)

    def piece_tokens(self, index: int) -> IntArray:
        """Tokens of one piece, (N,) int32."""
        end = int(self.lengths[: index + 1].sum(dtype=np.int64))
        return self.tokens[end - int(self.lengths[index]) : end].astype(np.int32)

    def indices(self, side: str) -> npt.NDArray[np.int64]:
        """Which pieces stand on a side: "train", "valid" or "test"."""
        return np.flatnonzero(self.sides == SPLITS.index(side))

    def n_targets(self, side: str) -> int:
        """Tokens to predict in one pass over a side: all but each piece's first."""
        return int((self.lengths[self.indices(side)].astype(np.int64) - 1).sum())

    def __iter__(self) -> Iterator[IntArray]:
        ends = np.cumsum(self.lengths, dtype=np.int64)
        for end, length in zip(ends, self.lengths, strict=True):
            yield self.tokens[end - length : end].astype(np.int32)


def token_cache(
    sources: Iterable[str | os.PathLike[str]],
    path: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
    on_reject: OnReject | None = None,
    n_jobs: int = 2,
) -> TokenCache:
    """Read, split and tokenise a corpus, or take the cache file if it still fits.

    Parameters
    ----------
    sources, progress, on_reject, n_jobs : as in `load_pieces`.
    path : the cache file, read if it fits and else written; None to keep nothing.

    Raises
    ------
    ConfigError : a source does not exist, or none holds a usable piece.
    """
    rejected: list[tuple[str, str]] = []

    def reject(id_: str, reason: str) -> None:
        rejected.append((id_, reason))
        if on_reject is not None:
            on_reject(id_, reason)

    items = list_items(sources, reject)
    digest = _digest(items)
    cached = None if path is None else read_cache(path)
    if cached is not None and cached.digest == digest:
        if on_reject is not None:
            for id_, reason in cached.rejected[len(rejected) :]:
                on_reject(id_, reason)
        return cached
    cache = _tokenise(
        items, digest, reject=reject, rejected=rejected, progress=progress, n_jobs=n_jobs
    )
    if path is not None:
        write_cache(path, cache)
    return cache


def _tokenise(
    items: Sequence[Item],
    digest: str,
    *,
    reject: OnReject,
    rejected: Sequence[tuple[str, str]],
    progress: Progress | None,
    n_jobs: int,
) -> TokenCache:
    loaded = load_items(items, progress=progress, on_reject=reject, n_jobs=n_jobs)
    kept: list[tuple[str, str, str, IntArray]] = []
    for one, side in zip(loaded, split(loaded), strict=True):
        try:
            piece = canonical(one.piece)
            tokens = encode(piece)
        except LstmMusicError as error:
            reject(one.id, str(error))
        else:
            kept.append((one.id, side, piece.style, tokens))
    if not kept:
        raise ConfigError("the corpus holds no usable piece; see the reasons for the rejected")
    ids, sides, styles, tokens_of = zip(*kept, strict=True)
    return TokenCache(
        tokens=np.concatenate(tokens_of).astype(np.int16),
        lengths=np.array([len(tokens) for tokens in tokens_of], np.int32),
        sides=np.array([SPLITS.index(side) for side in sides], np.uint8),
        styles=styles,
        ids=ids,
        rejected=tuple(rejected),
        digest=digest,
    )


def count_bars(piece: Piece) -> int:
    """Bars from the beginning to the end of the last note, a pickup counted."""
    return piece.bar_lines.bar_at(piece.end_steps - 1) + 1 if len(piece.notes) else 0


def write_cache(path: str | os.PathLike[str], cache: TokenCache) -> None:
    """Write a cache, all of it or nothing."""
    from safetensors.numpy import save

    arrays = {name: getattr(cache, name) for name in _ARRAYS}
    words = {name: json.dumps(getattr(cache, name)) for name in ("styles", "ids", "rejected")}
    atomic_write(path, save(arrays, {**words, "digest": cache.digest}))


def read_cache(path: str | os.PathLike[str]) -> TokenCache | None:
    """Read a cache; None if the file is not there, damaged, or something else."""
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        return None
    try:
        with safe_open(path, "np") as file:
            words = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in _ARRAYS}
        cache = TokenCache(
            **arrays,
            styles=tuple(json.loads(words["styles"])),
            ids=tuple(json.loads(words["ids"])),
            rejected=tuple((i, why) for i, why in json.loads(words["rejected"])),
            digest=words["digest"],
        )
    except (SafetensorError, OSError, ValueError, KeyError, TypeError):
        return None
    return cache if _is_whole(cache) else None


def _is_whole(cache: TokenCache) -> bool:
    columns = (cache.sides, cache.styles, cache.ids)
    return all(len(column) == len(cache) for column in columns) and len(cache.tokens) == int(
        cache.lengths.sum(dtype=np.int64)
    )


def _digest(items: Iterable[Item]) -> str:
    """SHA-256 over the content of every item and the tokeniser's tables."""
    total = hashlib.sha256(f"{CACHE_VERSION}{DEFAULT.to_json()}".encode())
    for item in items:
        content = item.abc.encode()
        if item.path is not None:
            try:
                content = item.path.read_bytes()
            except OSError:  # told when the piece is read
                content = b""
        words = f"{item.id}\0{item.style}\0{item.held_out}\0{len(content)}\0"
        total.update(words.encode() + content)
    return total.hexdigest()
