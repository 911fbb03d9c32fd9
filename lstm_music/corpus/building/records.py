"""Records: all that reading one file gave, framed so that a torn end is seen and left out.

A file of records is only ever appended to, one whole record a write, so a process that is killed
loses the file in its hand and nothing else. A record is

    magic | payload bytes | JSON bytes | CRC-32 (see `_checksum`)    16 bytes, little-endian
    JSON facts, padded with spaces                                    the payload ...
    sketches (P, SKETCH_SIZE) uint16 | tokens of the P pieces, int16, one after the other
    zero bytes to a multiple of 8

so that the tokens of a whole corpus can be mapped into memory as they lie, and nothing is pickled.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.copies.duplicates import SKETCH_SIZE

_MAGIC = b"LMR1"
_HEAD = struct.Struct("<4sIII")
_ALIGNMENT = 8
_MAX_PAYLOAD = 1 << 31

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a record lies, and its facts.

    Parameters
    ----------
    offset, size : of the whole record in its file, in bytes.
    facts : the JSON; ``facts["pieces"][i]["n_tokens"]`` is the length of piece i.
    sketches_at, tokens_at : where these begin in the file, in bytes.
    """

    offset: int
    size: int
    facts: Facts
    sketches_at: int
    tokens_at: int

    def token_starts(self) -> list[int]:
        """Where each piece's tokens begin in the file, counted in int16."""
        lengths = [piece["n_tokens"] for piece in self.facts["pieces"]]
        before = accumulate(lengths, initial=self.tokens_at // 2)
        return list(before)[: len(lengths)]


def pack(
    facts: Facts, sketches: Sequence[npt.NDArray[np.uint16]], tokens: Sequence[npt.NDArray[Any]]
) -> bytes:
    """One record as bytes; the arrays belong to ``facts["pieces"]``, in order."""
    text = json.dumps(facts, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % _ALIGNMENT)
    arrays = [np.asarray(sketch, "<u2").tobytes() for sketch in sketches]
    arrays += [np.asarray(piece, "<i2").tobytes() for piece in tokens]
    payload = b"".join([text, *arrays])
    payload += bytes(-len(payload) % _ALIGNMENT)
    checksum = _checksum(payload, len(text))
    return _HEAD.pack(_MAGIC, len(payload), len(text), checksum) + payload


def facts_of(record: bytes) -> Facts:
    """The facts of a record."""
    _, _, n_text, _ = _HEAD.unpack_from(record)
    facts: Facts = json.loads(record[_HEAD.size : _HEAD.size + n_text])
    return facts


def with_facts(record: bytes, **changes: Any) -> bytes:
    """A record with some of its facts changed, its music untouched."""
    _, _, n_text, _ = _HEAD.unpack_from(record)
    facts = facts_of(record) | changes
    n_pieces, begin = len(facts["pieces"]), _HEAD.size + n_text
    sketches = np.frombuffer(record, "<u2", n_pieces * SKETCH_SIZE, begin)
    n_tokens = sum(piece["n_tokens"] for piece in facts["pieces"])
    tokens = np.frombuffer(record, "<i2", n_tokens, begin + sketches.nbytes)
    return pack(facts, [sketches], [tokens])


def frames(path: str | os.PathLike[str]) -> Iterator[Frame]:
    """The whole records of a file, in order; nothing of a torn or damaged end."""
    with Path(path).open("rb") as file:
        offset = 0
        while (frame := _next_frame(file, offset)) is not None:
            yield frame
            offset += frame.size


def frame_at(file: BinaryIO, offset: int) -> Frame:
    """The record that begins at ``offset``.

    Raises
    ------
    ValueError : there is no whole record.
    """
    file.seek(offset)
    frame = _next_frame(file, offset)
    if frame is None:
        raise ValueError(f"no whole record at byte {offset}")
    return frame


def _next_frame(file: BinaryIO, offset: int) -> Frame | None:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    magic, n_payload, n_text, checksum = _HEAD.unpack(head)
    if magic != _MAGIC or n_payload > _MAX_PAYLOAD or n_text > n_payload:
        return None
    payload = file.read(n_payload)
    if len(payload) < n_payload or _checksum(payload, n_text) != checksum:
        return None
    facts = json.loads(payload[:n_text])
    sketches_at = offset + _HEAD.size + n_text
    tokens_at = sketches_at + 2 * SKETCH_SIZE * len(facts["pieces"])
    return Frame(offset, _HEAD.size + n_payload, facts, sketches_at, tokens_at)


def _checksum(payload: bytes, n_text: int) -> int:
    return zlib.crc32(payload, n_text)  # the length of the text must be right, too


class Appender:
    """A file that records are appended to, each with one write."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(path, flags, 0o666)

    def __enter__(self) -> Appender:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def append(self, record: bytes) -> None:
        """Write a record behind the others.

        Raises
        ------
        OSError : the disk is full, or what else the system says.
        """
        view = memoryview(record)
        while view:  # a full disk or a signal may take less than all
            view = view[os.write(self._descriptor, view) :]
