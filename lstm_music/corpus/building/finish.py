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

from lstm_music.corpus.building.known import Known
from lstm_music.corpus.building.options import CorpusOptions
from lstm_music.corpus.building.records import Frame, frame_at
from lstm_music.corpus.copies.duplicates import SKETCH_SIZE, near_duplicates
from lstm_music.corpus.split import SPLITS, split
from lstm_music.errors import ConfigError
from lstm_music.files import atomic_write

RECORDS_FILE = "records.rec"
INDEX_FILE = "index.bin"
REJECTS_FILE = "rejects.jsonl"
SUMMARY_FILE = "cache.json"
_SKETCHES_FILE = "sketches.bin"

PIECE = np.dtype(
    [
        ("start", "<i8"),  # of the tokens in the file of records, counted in int16
        ("length", "<i4"),  # tokens
        ("side", "u1"),  # index into SPLITS
        ("style", "u1"),  # index into the vocabulary's styles
        ("part", "<u4"),  # which piece of its record
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
    """Takes records one by one; writes the file of records, the rejects and the index.

    The index goes to the disk with them; sides and groups are filled in at the end, when the
    few numbers that decide them are known of all pieces.
    """

    def __init__(self, folder: Path, options: CorpusOptions) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._sources: dict[Path, BinaryIO] = {}
        self._row = np.zeros(1, PIECE)
        self._held_out, self._n_shingles = array("B"), array("I")
        self._fingerprints, self._wholes, self._tunes = array("Q"), array("Q"), array("Q")
        self._digest = hashlib.sha256(json.dumps(options.to_facts()).encode())
        self._n_files = self._n_rejects = self._n_tokens = 0
        self._why = ""  # the first piece was left out
        self._end = 0

    def __enter__(self) -> _Writer:
        def opened(name: str) -> BinaryIO:
            return self._stack.enter_context((self._folder / f"{name}.tmp").open("wb"))

        self._records, self._rejects = opened(RECORDS_FILE), opened(REJECTS_FILE)
        self._index, self._sketches = opened(INDEX_FILE), opened(_SKETCHES_FILE)
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
            fingerprint = int(piece["fingerprint"], 16)
            self._row["start"] = start + moved // 2
            self._row["length"] = piece["n_tokens"]
            self._row["style"] = piece["style"]
            self._row["part"] = part
            self._row["record"] = frame.offset + moved
            self._row["content"] = int(facts["content"][:16], 16)
            self._row["music"] = int(piece["music"], 16)
            self._row["fingerprint"] = fingerprint
            self._index.write(self._row.tobytes())
            self._fingerprints.append(fingerprint)
            self._wholes.append(int(piece["whole"], 16))
            self._tunes.append(int(piece["tune"], 16))
            self._n_shingles.append(piece["n_shingles"])
            self._held_out.append(SPLITS.index(facts["held_out"] or SPLITS[0]))
            self._n_tokens += piece["n_tokens"]
        for reject in facts["rejects"]:
            self._n_rejects += 1
            self._why = self._why or f"first {facts['id']}{reject['part']}: {reject['reason']}"
            line = {"id": facts["id"] + reject["part"], "reason": reject["reason"]}
            line["offset"] = reject["offset"]
            self._rejects.write(json.dumps(line).encode("ascii") + b"\n")

    def summary(self) -> dict[str, Any]:
        """What the cache holds, in numbers; called when all is written, to complete the index."""
        n_pieces = len(self._held_out)
        if not n_pieces:
            why = f": {self._n_rejects} left out, {self._why}" if self._why else ""
            raise ConfigError(
                f"the corpus holds no usable piece{why}; give folders of MIDI, MusicXML, ABC or "
                "kern files"
            )
        sketches = np.memmap(
            self._folder / f"{_SKETCHES_FILE}.tmp", "<u2", "r", shape=(n_pieces, SKETCH_SIZE)
        )
        groups = near_duplicates(
            sketches,
            np.frombuffer(self._n_shingles, np.uint32),
            np.frombuffer(self._wholes, np.uint64),
        )
        fingerprints = np.frombuffer(self._fingerprints, np.uint64)
        index = np.memmap(self._folder / f"{INDEX_FILE}.tmp", PIECE, "r+")
        index["group"] = groups
        index["side"] = split(
            fingerprints,
            np.frombuffer(self._held_out, np.uint8),
            groups,
            np.frombuffer(self._tunes, np.uint64),
        )
        index.flush()
        return {
            "digest": self._digest.hexdigest(),
            "files": self._n_files,
            "pieces": n_pieces,
            "rejected": self._n_rejects,
            "tokens": self._n_tokens,
            "bytes": self._end,
        }
