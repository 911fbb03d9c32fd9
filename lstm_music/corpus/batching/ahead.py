"""Chunks made by a thread while the one before is learnt from."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from lstm_music.corpus.batching.batches import Chunk, ChunkStream


class Ahead:
    """The chunks of a stream, the next one made beforehand; what they are does not change.

    Making one is mostly Python, and an update mostly compiled code that lets other threads run.

    Parameters
    ----------
    stream : nobody else reads it from now on.
    """

    def __init__(self, stream: ChunkStream) -> None:
        self._stream = stream
        self._cursor = stream.cursor()
        self._maker = ThreadPoolExecutor(1, "chunks")
        self._coming: Future[tuple[Chunk, dict[str, Any]]] | None = None

    def __iter__(self) -> Ahead:
        return self

    def __next__(self) -> Chunk:
        coming = self._coming or self._maker.submit(self._make)
        self._coming = coming  # an interrupted wait goes on with it
        chunk, self._cursor = coming.result()
        self._coming = self._maker.submit(self._make)
        return chunk

    def _make(self) -> tuple[Chunk, dict[str, Any]]:
        return next(self._stream), self._stream.cursor()

    def cursor(self) -> dict[str, Any]:
        """Where the stream stood after the chunk that was returned last; for `restore`."""
        return self._cursor

    def restore(self, cursor: dict[str, Any]) -> None:
        """Continue where `cursor` was taken; errors are those of `ChunkStream.restore`."""
        if self._coming is not None:
            self._coming.exception()  # wait: whatever came of it, it is not wanted
            self._coming = None
        self._stream.restore(cursor)
        self._cursor = cursor


Chunks = ChunkStream | Ahead
"""What a trainer reads."""
