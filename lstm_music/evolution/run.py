"""Run a search to its end, with progress, a folder of its own, and a resume that is exact.

``found.safetensors`` has its run in ``found.run/``, as `lstm_music.training.runs.folder` has it:
``last.safetensors``, ``previous.safetensors``, ``metrics.jsonl``, ``lock``.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lstm_music.errors import ConfigError, LstmMusicError
from lstm_music.evolution.search import Search
from lstm_music.evolution.workers import Losses, scorer
from lstm_music.files import atomic_write, check_writable
from lstm_music.nn.sealed import seal, unseal
from lstm_music.training.runs.checkpoint import write_checkpoint
from lstm_music.training.runs.folder import RunFolder, check_same_settings
from lstm_music.types import FloatArray


@dataclass(frozen=True, slots=True)
class Generation:
    """One finished generation.

    Parameters
    ----------
    step : its number, from 1.
    best_loss : the lowest so far.
    loss : the lowest of this generation.
    median_loss : of this generation.
    """

    step: int
    best_loss: float
    loss: float
    median_loss: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found.

    Parameters
    ----------
    params : (n,) the best candidate that it scored.
    loss : its loss; infinite if no candidate had one.
    center : (n,) the search's own answer, a mean for some (`Search.center`).
    generations : how many it took.
    """

    params: FloatArray
    loss: float
    center: FloatArray
    generations: int


def minimise(
    search: Search,
    losses_of: Losses,
    *,
    generations: int,
    until: float = -math.inf,
    on_generation: Callable[[Generation], None] = lambda _: None,
    on_note: Callable[[str], None] = lambda _: None,
    output: str | os.PathLike[str] | None = None,
    resume: bool = False,
    force: bool = False,
    settings: Mapping[str, Any] | None = None,
    checkpoint_seconds: float = 10.0,
    executor: str = "local",
    jobs: int | None = 1,
) -> Found:
    """Let a search look for the lowest loss.

    Parameters
    ----------
    search : new; it is used up.
    losses_of : candidates (P, n) to losses (P,); must be pickled for other processes.
    generations : how many at most.
    until : a loss at which it is good enough.
    on_generation : called after each.
    on_note : told in one line of what is to be known.
    output : file for what is found, its run beside it; None: nothing is kept.
    resume : go on with the run that is there, if there is one, to the same result.
    force : begin anew, whatever is there.
    settings : JSON values that a run may not go on without.
    checkpoint_seconds : time between two checkpoints.
    executor, jobs : who scores: :func:`lstm_music.evolution.workers.scorer`. Never changes the
        result.

    Raises
    ------
    ConfigError : a number is out of range, or a resume with other settings.
    OutputExistsError, RunLockedError, ModelFileError, OutputError : as in training.
    """
    if generations < 1:
        raise ConfigError(f"generations must be 1 or more, got {generations}")
    with ExitStack() as stack:
        score = stack.enter_context(scorer(executor, jobs))
        keeper = _Keeper(search, dict(settings or {}), checkpoint_seconds)
        if output is not None:
            keeper.begin(stack, output, resume=resume, force=force, on_note=on_note)
        while search.generation < generations and not keeper.loss <= until:
            candidates = search.ask()
            losses = score(losses_of, candidates)
            search.tell(losses)
            on_generation(keeper.after(candidates, losses))
        keeper.end()
    return Found(keeper.best, keeper.loss, search.center.copy(), search.generation)


def read_found(path: str | os.PathLike[str]) -> FloatArray:
    """The best candidate (n,) of a finished run, from its ``output``.

    Raises
    ------
    ModelFileError : it is no such file, or damaged.
    OSError : it cannot be read.
    """
    content = unseal(Path(path).read_bytes())
    return content.tensor("params", (int(content.facts["size"]),))


class _Keeper:
    """The best candidate, and the folder of the run."""

    def __init__(self, search: Search, settings: dict[str, Any], seconds: float) -> None:
        self.best, self.loss = search.center.copy(), math.inf
        self._search, self._seconds = search, seconds
        self._folder: RunFolder | None = None
        own = {"method": search.name, "population": search.population, "sigma": search.sigma}
        own |= {"rng_seed": search.rng_seed, "size": search.center.size}
        self._settings = own | settings
        self._saved = time.monotonic()

    def begin(
        self,
        stack: ExitStack,
        output: str | os.PathLike[str],
        *,
        resume: bool,
        force: bool,
        on_note: Callable[[str], None],
    ) -> None:
        """Take the folder, and go on with what is there if that is wished."""
        check_writable(output, overwrite=True)
        folder = RunFolder(output)
        folder.check(resume=resume, force=force)
        stack.enter_context(folder.locked())
        checkpoint = folder.begin(resume=resume, on_note=on_note)
        if checkpoint is not None:
            check_same_settings(checkpoint, self._settings)
            self._search.restore(checkpoint.tensor, checkpoint.facts["search"])
            self.best[...] = checkpoint.tensor("best", self.best.shape)
            loss = checkpoint.facts["best_loss"]
            self.loss = math.inf if loss is None else float(loss)
            on_note(f"going on at generation {self._search.generation}")
        folder.forget_metrics_after(self._search.generation)
        self._folder = folder

    def after(self, candidates: FloatArray, losses: FloatArray) -> Generation:
        """Note a generation; save if it is time."""
        finite = np.where(np.isnan(losses), np.inf, losses)
        first = int(np.argmin(finite))
        if finite[first] < self.loss:
            self.best[...], self.loss = candidates[first], float(finite[first])
        low, middle = float(finite[first]), float(np.median(finite))
        now = Generation(self._search.generation, self.loss, low, middle)
        if self._folder is not None:
            line = {name: getattr(now, name) for name in now.__dataclass_fields__}
            self._folder.log(_finite(line))
            if time.monotonic() - self._saved >= self._seconds:
                self._save()
        return now

    def end(self) -> None:
        """Save the last state, and what was found."""
        if self._folder is None:
            return
        self._save()
        facts = {"size": int(self.best.size), "settings": self._settings}
        facts |= _finite({"loss": self.loss})
        atomic_write(self._folder.output, seal({"params": self.best}, facts))

    def _save(self) -> None:
        if self._folder is None:
            raise LstmMusicError("there is no folder to save to")
        arrays, facts = self._search.state()
        kept = {"settings": self._settings, "search": facts} | _finite({"best_loss": self.loss})
        write_checkpoint(self._folder.path, arrays | {"best": self.best}, kept)
        self._saved = time.monotonic()


def _finite(numbers: Mapping[str, float]) -> dict[str, float | None]:
    """The same with None for infinity, which JSON does not know."""
    return {name: x if math.isfinite(x) else None for name, x in numbers.items()}
