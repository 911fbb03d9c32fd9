"""Build a cache: read every file once, on all cores, and lose nothing to an interrupt.

Workers take chunks of files and append each file's record to a part file of their own. A run
that is interrupted, even killed, leaves those; the next one takes up what they hold and reads the
rest. The finish (`corpus.building.finish`) then puts all records into one file, in the order of the
sources, so that the result does not tell who read what, or how often the run was broken off.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from array import array
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.building.executors import WorkerDiedError
from lstm_music.corpus.building.finish import RECORDS_FILE, finish, listing_digest, read_summary
from lstm_music.corpus.building.known import Known, read_known, remove_contents, write_contents
from lstm_music.corpus.building.options import CorpusOptions
from lstm_music.corpus.building.reading import Progress, read_alone, read_files, take_suspects
from lstm_music.corpus.building.sources import SourceFile, list_files
from lstm_music.corpus.building.tokenise import Job
from lstm_music.errors import OutputError, OutputExistsError
from lstm_music.files import atomic_write, file_lock

OPTIONS_FILE = "options.json"
LOCK_FILE = "lock"


def build(
    sources: Iterable[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    options: CorpusOptions | None = None,
    *,
    jobs: int | None = None,
    executor_name: str = "local",
    force: bool = False,
    progress: Progress | None = None,
) -> None:
    """Make the cache of some sources in ``folder``, or bring the one that is there up to date.

    Parameters
    ----------
    sources : as in `list_files`.
    folder : of the cache; made if it is not there.
    options : how to read; the defaults of `CorpusOptions` if None.
    jobs, executor_name : as in `executor`.
    force : begin anew, whatever the folder holds of an earlier cache.
    progress : called now and then.

    Raises
    ------
    ConfigError : a source does not exist, none holds a usable piece, or the executor cannot work.
    OutputExistsError : the folder holds something else, or a cache made with other options.
    OutputError : the folder cannot be written, or another run is writing it.
    """
    options = options or CorpusOptions()
    folder = Path(folder)
    names = [os.fspath(source) for source in sources]
    try:
        with _locked(folder):
            _prepare(folder, options, force=force)
            _update(names, folder, options, jobs, executor_name, progress)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{folder}: cannot write the cache ({reason})") from error


def is_cache(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder holds a cache, finished or not."""
    return Path(folder, OPTIONS_FILE).is_file()


def _update(
    sources: Sequence[str],
    folder: Path,
    options: CorpusOptions,
    jobs: int | None,
    executor_name: str,
    progress: Progress | None,
) -> None:
    suspects: dict[int, SourceFile] = {}
    while True:
        known = read_known(_parts(folder))
        listing = array("Q")
        job = Job(str(folder.resolve()), secrets.token_hex(4), options)
        todo = _unknown(list_files(sources), known, listing, suspects)
        write_contents(known, folder, job.run)
        try:
            n_read = read_files(todo, job, executor_name, jobs, progress)
            break
        except WorkerDiedError:
            if not take_suspects(list_files(sources), job, suspects):
                raise
        finally:
            remove_contents(folder, job.run)
    for file in suspects.values():
        read_alone(file, job)
    _finish(folder, known, np.frombuffer(listing, np.uint64), options, n_read + len(suspects))


def _finish(
    folder: Path,
    known: Known,
    order: npt.NDArray[np.uint64],
    options: CorpusOptions,
    n_read: int,
) -> None:
    """Put the records in order, unless that is how they are."""
    parts = _parts(folder)
    if n_read or len(parts) != 1 or not _is_finished(folder, order):
        finish(folder, read_known(parts) if n_read else known, order, options)
        for path in [*parts, *folder.glob("hand-*"), *folder.glob("known-*")]:
            if path.name != RECORDS_FILE:
                path.unlink(missing_ok=True)


def _unknown(
    files: Iterable[SourceFile], known: Known, listing: array[int], apart: Container[int]
) -> Iterator[SourceFile]:
    """The files that no earlier run has read, but for some; every stamp goes to the listing."""
    for file in files:
        listing.append(file.stamp)
        if file.stamp not in apart and not known.has(file.stamp):
            yield file


def _parts(folder: Path) -> list[Path]:
    """All files of records, the finished one first."""
    finished = folder / RECORDS_FILE
    parts = sorted(folder.glob("part-*.rec"))
    return [finished, *parts] if finished.is_file() else parts


def _is_finished(folder: Path, order: npt.NDArray[np.uint64]) -> bool:
    try:
        return bool(read_summary(folder)["listing"] == listing_digest(order))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _prepare(folder: Path, options: CorpusOptions, *, force: bool) -> None:
    """Make the folder one of a cache of these options."""
    others = sorted(path.name for path in folder.iterdir() if path.name != LOCK_FILE)
    old = None
    if OPTIONS_FILE in others:
        with suppress(ValueError):
            facts = json.loads((folder / OPTIONS_FILE).read_text(encoding="ascii"))
            old = CorpusOptions.from_facts(facts)
        if old == options and not force:
            return
        if old is not None and not force:
            raise OutputExistsError(
                f"{folder}: a cache made with {_words(old)}, asked for {_words(options)}; choose "
                "another folder, or make it anew (force=True)"
            )
        _clear(folder)
    elif others:
        raise OutputExistsError(
            f"{folder}: holds something else ({others[0]}), no cache; choose an empty folder"
        )
    atomic_write(folder / OPTIONS_FILE, json.dumps(options.to_facts()).encode("ascii"))


def _words(options: CorpusOptions) -> str:
    ear = "" if options.manners is None else ", performances read as scores"
    return f"timing {options.timing}, reader {options.reader}, strict {options.strict}{ear}"


def _clear(folder: Path) -> None:
    """Remove an earlier cache, the sign that it is one last."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name == OPTIONS_FILE):
        if path.name != LOCK_FILE:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of the folder; the system ends this when the process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with file_lock(folder / LOCK_FILE) as is_ours:
        if not is_ours:
            raise OutputError(f"{folder}: another run is writing this cache; wait for it")
        yield
