"""The end of a build: all records into one file in the order of the sources, and the index.

Everything streams: at any time one record is in memory, and a few numbers a piece.
"""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.duplicates import SKETCH_SIZE, near_duplicates
from lstm_music.corpus.known import Known
from lstm_music.corpus.options import CorpusOptions
from lstm_music.corpus.records import Frame, frame_at
from lstm_music.corpus.split import SPLITS, split
from lstm_music.errors import ConfigError
from lstm_music.files import atomic_write

RECORDS_FILE = "records.rec"
INDEX_FILE = "index.bin"
REJECTS_FILE = "rejects.jsonl"
SUMMARY_FILE = "cache.json"

PIECE = np.dtype(
    [
        ("start", "<i8"),  # of the tokens in the file of records, counted in int16
        ("length", "<i4"),  # tokens
        ("side", "u1"),  # index into SPLITS
        ("style", "u1"),  # index into the vocabulary's styles
        ("part", "<u2"),  # which piece of its record, 65535 and above alike
        ("record", "<i8"),  # byte offset of the record
        ("group", "<i8"),  # first of its near duplicates
        ("content", "<u8"),  # equal for files of equal bytes
        ("music", "<u8"),  # equal for equal tokens
        ("fingerprint", "<u8"),
    ]
)


def listing_digest(order: npt.NDArray[np.uint64]) -> str:
    """Digest of the stamps of all files, in order."""
    return hashlib.sha256(order.tobytes()).hexdigest()


def finish(
    folder: Path, known: Known, order: npt.NDArray[np.uint64], options: CorpusOptions
) -> None:
    """Write the cache from the records of all runs.

    Parameters
    ----------
    folder : of the cache.
    known : all records there are.
    order : (F,) stamps of the files of the sources.
    options : how they were read.

    Raises
    ------
    ConfigError : no file holds a usable piece.
    """
    (folder / SUMMARY_FILE).unlink(missing_ok=True)  # from here on it is not finished
    writer = _Writer(folder, options)
    try:
        with writer:
            for place in known.places[known.find(order)]:
                writer.add(known.parts[int(place["part"])], int(place["offset"]))
        summary = writer.summary() | {"listing": listing_digest(order)}
        for name in (RECORDS_FILE, REJECTS_FILE, INDEX_FILE):
            (folder / f"{name}.tmp").replace(folder / name)
    finally:
        for path in folder.glob("*.tmp"):
            path.unlink()
    atomic_write(folder / SUMMARY_FILE, json.dumps(summary, indent=1).encode("ascii"))


def read_summary(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """What `finish` wrote last: numbers of a finished cache.

    Raises
    ------
    OSError, ValueError : there is none.
    """
    text = Path(folder, SUMMARY_FILE).read_text(encoding="ascii")
    summary: dict[str, Any] = json.loads(text)
    return summary


class _Writer:
    """Takes records one by one; writes the file of records, the rejects and at last the index."""

    def __init__(self, folder: Path, options: CorpusOptions) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._sources: dict[Path, BinaryIO] = {}
        signed = {name: PIECE[name].kind == "i" for name in PIECE.names or ()}
        self._columns = {name: array("q" if signed[name] else "Q") for name in signed}
        self._held_out, self._n_shingles, self._wholes = array("B"), array("I"), array("Q")
        self._digest = hashlib.sha256(json.dumps(options.to_facts()).encode())
        self._n_files = self._n_rejects = 0
        self._end = 0

    def __enter__(self) -> _Writer:
        names = (RECORDS_FILE, REJECTS_FILE, "sketches")
        files = [self._stack.enter_context((self._folder / f"{n}.tmp").open("wb")) for n in names]
        self._records, self._rejects, self._sketches = files
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            for file in (self._records, self._rejects):
                file.flush()
                os.fsync(file.fileno())
        self._stack.close()

    def add(self, path: Path, offset: int) -> None:
        """Take the record at a place of another file."""
        if path not in self._sources:
            self._sources[path] = self._stack.enter_context(path.open("rb"))
        source = self._sources[path]
        frame = frame_at(source, offset)
        source.seek(offset)
        record = source.read(frame.size)
        self._records.write(record)
        begin = frame.sketches_at - offset
        self._sketches.write(record[begin : begin + 2 * SKETCH_SIZE * len(frame.facts["pieces"])])
        self._note(frame, self._end - offset)
        self._end += frame.size

    def _note(self, frame: Frame, moved: int) -> None:
        facts = frame.facts
        self._digest.update(f"{facts['content']} {facts['held_out']}\n".encode("ascii"))
        self._n_files += 1
        for part, (piece, start) in enumerate(zip(facts["pieces"], frame.token_starts())):
            row = {
                "start": start + moved // 2,
                "length": piece["n_tokens"],
                "side": 0,
                "style": piece["style"],
                "part": min(part, 0xFFFF),
                "record": frame.offset + moved,
                "group": 0,
                "content": int(facts["content"][:16], 16),
                "music": int(piece["music"], 16),
                "fingerprint": int(piece["fingerprint"], 16),
            }
            for name, column in self._columns.items():
                column.append(row[name])
            self._held_out.append(SPLITS.index(facts["held_out"] or SPLITS[0]))
            self._n_shingles.append(piece["n_shingles"])
            self._wholes.append(int(piece["whole"], 16))
        for reject in facts["rejects"]:
            self._n_rejects += 1
            line = {"id": facts["id"] + reject["part"], "reason": reject["reason"]}
            line["offset"] = reject["offset"]
            self._rejects.write(json.dumps(line).encode("ascii") + b"\n")

    def summary(self) -> dict[str, Any]:
        """Write the index; what the cache holds, in numbers."""
        index = self._index()
        (self._folder / f"{INDEX_FILE}.tmp").write_bytes(index.tobytes())
        return {
            "digest": self._digest.hexdigest(),
            "files": self._n_files,
            "pieces": len(index),
            "rejected": self._n_rejects,
            "tokens": int(index["length"].sum(dtype=np.int64)),
            "bytes": self._end,
        }

    def _index(self) -> npt.NDArray[np.void]:
        index = np.empty(len(self._held_out), PIECE)
        if not len(index):
            raise ConfigError("the corpus holds no usable piece; see the reasons for the rejected")
        for name, column in self._columns.items():
            index[name] = np.frombuffer(column, np.int64 if column.typecode == "q" else np.uint64)
        path = self._folder / "sketches.tmp"
        sketches = np.memmap(path, "<u2", "r", shape=(len(index), SKETCH_SIZE))
        n_shingles = np.frombuffer(self._n_shingles, np.uint32)
        wholes = np.frombuffer(self._wholes, np.uint64)
        index["group"] = near_duplicates(sketches, n_shingles, wholes)
        held_out = np.frombuffer(self._held_out, np.uint8)
        index["side"] = split(index["fingerprint"], held_out, index["group"])
        return index
