"""The folder beside a model file in which its run is kept: lock, checkpoints, metrics.

``my.safetensors`` has its run in ``my.run/``: ``last.safetensors`` and ``previous.safetensors``
(`lstm_music.training.runs.checkpoint`), ``metrics.jsonl``, ``samples/``, ``lock``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from lstm_music.errors import ConfigError, OutputError, OutputExistsError, RunLockedError
from lstm_music.files import atomic_write, file_lock
from lstm_music.nn.sealed import Sealed
from lstm_music.training.forecast.plan import PLANNED
from lstm_music.training.runs.checkpoint import LAST, PREVIOUS, read_checkpoint

METRICS = "metrics.jsonl"


class RunFolder:
    """The folder of one run.

    Parameters
    ----------
    output : the model file that the run writes.

    Raises
    ------
    OutputError : it would be the folder itself.
    """

    def __init__(self, output: str | os.PathLike[str]) -> None:
        self.output = Path(output)
        self.path = self.output.with_suffix(".run")
        if self.path == self.output:
            raise OutputError(f"{output}: a run keeps its state there; choose another ending")
        self._lock: os.stat_result | None = None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out; the lock ends with the process, however it ends.

        Raises
        ------
        RunLockedError : another process trains there.
        OutputError : the folder cannot be made.
        """
        lock = self.path / "lock"
        with ExitStack() as stack:
            with _writing(self.path):
                self.path.mkdir(exist_ok=True)
            with _writing(lock):
                is_ours = stack.enter_context(file_lock(lock))
                self._lock = lock.stat()
            if not is_ours:
                raise RunLockedError(
                    f"{self.path}: another process is training there; wait for it, or choose "
                    "another output"
                )
            try:
                yield
            except BaseException:
                self._leave_nothing_empty(lock)
                raise

    def _leave_nothing_empty(self, lock: Path) -> None:
        """Remove the folder of a run that was refused before anything was written."""
        with suppress(OSError, OutputError):
            self.check_ours()
            if list(self.path.iterdir()) == [lock]:
                lock.unlink()
                self.path.rmdir()

    def check_ours(self) -> None:
        """Refuse to write where another run may have begun.

        Raises
        ------
        OutputError : the lock that `locked` took is not there any more.
        """
        try:
            is_ours = self._lock and os.path.samestat(self._lock, (self.path / "lock").stat())
        except OSError:
            is_ours = False
        if not is_ours:
            raise OutputError(
                f"{self.path}: it, or the lock in it, was removed or replaced in mid-run; "
                "nothing is written there any more"
            )

    def check(self, *, resume: bool, force: bool) -> None:
        """Refuse to write over what is there.

        Raises
        ------
        OutputExistsError : a run or a model is there, and neither going on nor beginning anew was
            asked for.
        """
        found = any((self.path / name).exists() for name in (LAST, PREVIOUS))
        if force or (resume and found):
            return
        if found or self.output.exists():
            what = self.path if found else self.output
            raise OutputExistsError(
                f"{what}: exists already; go on with a run (--resume auto), overwrite it "
                "(force=True), or choose another name"
            )

    def begin(self, *, resume: bool, on_note: Callable[[str], None]) -> Sealed | None:
        """The state to go on from; None to begin anew, all traces of another run removed.

        Raises
        ------
        ModelFileError : there are checkpoints to go on from, and none is whole.
        OutputError : what another run has left cannot be removed.
        """
        if resume:
            return read_checkpoint(self.path, on_note)
        for path in (self.path / name for name in (LAST, PREVIOUS, METRICS)):
            with _writing(path):
                path.unlink(missing_ok=True)
        return None

    def forget_metrics_after(self, step: int) -> None:
        """Drop the lines that the run will write again.

        Raises
        ------
        OutputError : they cannot be read or written.
        """
        path = self.path / METRICS
        if path.exists():
            with _writing(path):
                lines = path.read_bytes().splitlines(keepends=True)
            kept = [line for line in lines if 0 <= _step_of(line) <= step]
            atomic_write(path, b"".join(kept))

    def log(self, line: Mapping[str, Any]) -> None:
        """Append one line of metrics.

        Raises
        ------
        OutputError : it cannot be written.
        """
        self.check_ours()
        path = self.path / METRICS
        with _writing(path), path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def check_same_settings(
    checkpoint: Sealed, settings: Mapping[str, Any], defaults: Mapping[str, Any] | None = None
) -> None:
    """Refuse to go on with other settings or other music than the run began with.

    Parameters
    ----------
    checkpoint : of the run.
    settings : of now.
    defaults : what a setting was that the version which wrote the checkpoint did not have.

    Raises
    ------
    ConfigError : names what differs.
    """
    before = checkpoint.facts.get("settings")
    before = dict(defaults or {}) | (before if isinstance(before, dict) else {})
    now = json.loads(json.dumps(settings))
    names = before.keys() | now.keys()
    if before.get("for_seconds") != now.get("for_seconds"):
        names -= set(PLANNED)  # nobody has set them
    differing = [
        f"{name} was {before.get(name)!r}, is {now.get(name)!r}"
        for name in sorted(names)
        if before.get(name) != now.get(name)
    ]
    if differing:
        raise ConfigError(
            f"the run cannot go on with other settings: {'; '.join(differing)}; "
            "give the same, or begin anew (force=True)"
        )


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Say what stands in the way of a file of the run.

    Raises
    ------
    OutputError : in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{path}: cannot write it ({reason}); remove what is there") from error


def _step_of(line: bytes) -> int:
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return -1  # torn by a kill
