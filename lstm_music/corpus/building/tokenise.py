"""The work on one file, done in whatever process takes it: read, tokenise, append the record."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lstm_music.corpus.building.facts import piece_facts
from lstm_music.corpus.building.known import find_record
from lstm_music.corpus.building.load import read_file
from lstm_music.corpus.building.options import CorpusOptions
from lstm_music.corpus.building.records import Appender, Facts, facts_of, pack, with_facts
from lstm_music.corpus.building.sources import SourceFile
from lstm_music.corpus.copies.duplicates import outline, sketch
from lstm_music.errors import LstmMusicError, MidiError
from lstm_music.tokens.encode import encode

MAX_BYTES = 64 << 20
"""Of a file; no reader takes more."""

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """What every chunk of a run has in common.

    Parameters
    ----------
    folder : the cache.
    run : name of this run; no two share a part file.
    options : how to read.
    """

    folder: str
    run: str
    options: CorpusOptions


@dataclass(frozen=True, slots=True)
class Done:
    """What has become of a chunk: files read, pieces kept, pieces left out; and where it lies."""

    files: int
    pieces: int
    rejects: int
    part: str
    part_bytes: int


def work(files: Sequence[SourceFile], job: Job) -> Done:
    """Read some files and append their records to this worker's own part file."""
    worker = f"{job.run}-{socket.gethostname()}-{os.getpid()}-{threading.get_native_id()}"
    path, hand = Path(job.folder, f"part-{worker}.rec"), Path(job.folder, f"hand-{worker}")
    pieces = rejects = 0
    with Appender(path) as part:
        for file in files:
            hand.write_text(f"{file.stamp:016x}", encoding="ascii")
            record = file_record(file, job)
            part.append(record)
            facts = facts_of(record)
            pieces, rejects = pieces + len(facts["pieces"]), rejects + len(facts["rejects"])
    hand.unlink()
    return Done(len(files), pieces, rejects, path.name, path.stat().st_size)


def files_in_hand(job: Job) -> set[int]:
    """Stamps of the files that workers of this run were reading when they were ended."""
    texts = [
        path.read_text(encoding="ascii") for path in Path(job.folder).glob(f"hand-{job.run}-*")
    ]
    return {int(text, 16) for text in texts if text}


def file_record(file: SourceFile, job: Job) -> bytes:
    """The record of one file."""
    try:
        if file.problem:
            raise MidiError(file.problem, path=file.path)
        content = content_digest(file)
    except LstmMusicError as error:
        return rejected_record(file, error)
    facts = _facts(file, content)
    known = find_record(job.folder, job.run, content)
    return _read(file, facts, job.options) if known is None else with_facts(known, **facts)


def rejected_record(file: SourceFile, error: LstmMusicError) -> bytes:
    """The record of a file that could not be opened; without a content it is tried again."""
    return pack(_facts(file, "") | {"pieces": [], "rejects": [_reject("", error)]}, [], [])


def _facts(file: SourceFile, content: str) -> Facts:
    return {
        "id": file.id,
        "stamp": f"{file.stamp:016x}",
        "held_out": file.held_out,
        "content": content,
    }


def _read(file: SourceFile, facts: Facts, options: CorpusOptions) -> bytes:
    facts = facts | {"pieces": [], "rejects": []}
    sketches, sequences = [], []
    for part, piece in read_file(file, options):
        try:
            if isinstance(piece, LstmMusicError):
                raise piece
            tokens = encode(piece)
        except LstmMusicError as error:
            facts["rejects"].append(_reject(part, error))
            continue
        shape = outline(piece)
        facts["pieces"].append(piece_facts(part, piece, tokens, shape))
        sketches.append(sketch(shape.shingles))
        sequences.append(tokens)
    return pack(facts, sketches, sequences)


def content_digest(file: SourceFile) -> str:
    """Hexadecimal digest of what the file holds and how it is taken: its ending, its style.

    Raises
    ------
    MidiError : it is not a regular file, cannot be read, or is beyond all limits.
    """
    suffix = Path(file.path).suffix.lower()
    digest = hashlib.blake2b(f"{suffix}\0{file.style}\0".encode(), digest_size=16)
    # Non-blocking: opening a pipe that nobody writes to would otherwise never return.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(file.path, flags)
        with os.fdopen(descriptor, "rb", buffering=0) as opened:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise MidiError("a folder, pipe or device, not a regular file", path=file.path)
            if status.st_size > MAX_BYTES:
                reason = f"{status.st_size} bytes long, expected {MAX_BYTES} at most"
                raise MidiError(reason, path=file.path)
            while block := opened.read(_BLOCK):
                digest.update(block)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        raise MidiError(reason, path=file.path) from error
    return digest.hexdigest()


def _reject(part: str, error: LstmMusicError) -> Facts:
    reason = error.reason if isinstance(error, MidiError) else str(error)
    return {"part": part, "reason": reason, "offset": getattr(error, "offset", None)}
