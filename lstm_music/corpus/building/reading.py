"""Give all files that are still to be read to the workers, and outlive a worker's death."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path

from lstm_music.corpus.building.executors import WorkerDiedError, executor
from lstm_music.corpus.building.records import Appender
from lstm_music.corpus.building.sources import SourceFile
from lstm_music.corpus.building.tokenise import Done, Job, files_in_hand, rejected_record, work
from lstm_music.errors import ConfigError, MidiError
from lstm_music.midi.files import MIDI_SUFFIXES

Progress = Callable[[int, int, int], None]
"""Called with how many files are done, pieces kept, and pieces left out, in this run."""

_CHUNK_COST = 32
_SCORE_COST = 8  # a score takes about as long to read as so many MIDI files, or longer
_SERIAL_BELOW = 200  # starting the processes costs more than reading so few


def read_files(
    files: Iterator[SourceFile],
    job: Job,
    executor_name: str,
    jobs: int | None,
    progress: Progress | None,
) -> int:
    """Have the workers append a record for each file; how many files there were.

    Raises
    ------
    WorkerDiedError : a process of this machine was killed.
    ConfigError : the executor cannot work.
    """
    first = list(islice(files, _SERIAL_BELOW))
    if not first:
        return 0
    is_small = executor_name == "local" and _cost(first) < _SERIAL_BELOW
    with executor(executor_name, 1 if is_small else jobs) as run:
        results = run(partial(work, job=job), _chunks(chain(first, files)))
        return _follow(results, Path(job.folder), progress)


def take_suspects(files: Iterable[SourceFile], job: Job, suspects: dict[int, SourceFile]) -> bool:
    """Add the files that the workers of a run had in hand when it ended; False if none is new."""
    in_hand = files_in_hand(job)
    found = {file.stamp: file for file in files if file.stamp in in_hand}
    is_new = not found.keys() <= suspects.keys()
    suspects.update(found)
    return is_new


def read_alone(file: SourceFile, job: Job) -> None:
    """Read a file in a process of its own; if that dies, too, the file is left out."""
    try:
        with executor("local", 2) as run:
            list(run(partial(work, job=job), [[file]]))
    except WorkerDiedError:
        error = MidiError("the process that read it was killed, perhaps for want of memory")
        with Appender(Path(job.folder, f"part-{job.run}-killed.rec")) as part:
            part.append(rejected_record(file, error))


def _cost(files: Iterable[SourceFile]) -> int:
    return sum(map(_file_cost, files))


def _file_cost(file: SourceFile) -> int:
    return 1 if Path(file.path).suffix.lower() in MIDI_SUFFIXES else _SCORE_COST


def _chunks(files: Iterator[SourceFile]) -> Iterator[list[SourceFile]]:
    """Chunks of about equal cost."""
    chunk: list[SourceFile] = []
    cost = 0
    for file in files:
        chunk.append(file)
        cost += _file_cost(file)
        if cost >= _CHUNK_COST:
            yield chunk
            chunk, cost = [], 0
    if chunk:
        yield chunk


def _follow(results: Iterator[Done], folder: Path, progress: Progress | None) -> int:
    """Count what the workers report, and see that what they wrote is here."""
    files = pieces = rejects = 0
    for done in results:
        path = folder / done.part
        if not path.is_file() or path.stat().st_size < done.part_bytes:
            raise ConfigError(
                f"a worker wrote {done.part}, but it is not in {folder}: the workers of a cluster "
                "must see the same folders as this machine"
            )
        files, pieces, rejects = files + done.files, pieces + done.pieces, rejects + done.rejects
        if progress is not None:
            progress(files, pieces, rejects)
    return files
