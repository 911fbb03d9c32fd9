"""What a task of the papers is: settings in, rows out.

A task is a module of this room. Its docstring is the definition that the command prints, ``PAPER``
is the source of its figures, and ``run`` yields the rows::

    def run(settings: Settings) -> Iterable[Row]: ...
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from lstm_music.errors import ConfigError
from lstm_music.reproduce.curve import Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of ours beside the published one.

    Attributes
    ----------
    name : what was run, with its sizes: "T = 1000".
    ours : our figure; None: not reached, the note says why.
    published : the paper's figure; None: the paper gives none, or none that could be checked.
    unit : of both, such as "sequences" or "nats a frame".
    better : which of "lower" and "higher" is better.
    source : where the published figure stands: paper and table.
    note : what a reader must know to compare the two.
    holds : whether what the task claims is true of this row; None: it claims nothing.
    curve : how the first of its networks learnt; None: not recorded.
    """

    name: str
    ours: float | None
    published: float | None
    unit: str
    better: Literal["lower", "higher"]
    source: str
    note: str = ""
    holds: bool | None = None
    curve: Curve | None = None

    @property
    def ratio(self) -> float | None:
        """Ours / published; None where one of them is missing or the published figure is 0."""
        if self.ours is None or not self.published:
            return None
        return self.ours / self.published

    def as_dict(self) -> dict[str, Any]:
        """All attributes and the ratio, for JSON."""
        return {**asdict(self), "ratio": self.ratio}


def _silent(_line: str) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run a task.

    Attributes
    ----------
    quick : a small version that ends within a minute on one core and still tests the claim.
    runs : networks to train, each from a seed of its own; None: what the task chooses.
    rng_seed : the first seed, 0 or more; run k has ``rng_seed + k``.
    data : a file of data, for the tasks that need one.
    cell : the recurrent cell, as :func:`lstm_music.nn.cell.make` takes it; None: what the task
        chooses.
    only : run only the rows whose name contains this text, numbers whole; None: all.
    progress : gets a line of text now and then.

    Raises
    ------
    ConfigError : a number is out of range.
    """

    quick: bool = False
    runs: int | None = None
    rng_seed: int = 0
    data: Path | None = None
    cell: str | None = None
    only: str | None = None
    progress: Callable[[str], None] = _silent

    def __post_init__(self) -> None:
        if self.runs is not None and self.runs < 1:
            raise ConfigError(f"runs must be at least 1, got {self.runs}")
        if self.rng_seed < 0:
            raise ConfigError(f"rng_seed must be 0 or more, got {self.rng_seed}")

    def seeds(self, quick: int, full: int) -> range:
        """Seeds of the runs: as many as were asked for, else ``quick`` or ``full``."""
        runs = self.runs or (quick if self.quick else full)
        return range(self.rng_seed, self.rng_seed + runs)

    def wants(self, row_name: str) -> bool:
        """Whether a row of this name is to be run; "T = 100" does not mean "T = 1000"."""
        if self.only is None:
            return True
        return re.search(rf"{re.escape(self.only)}(?!\d)", row_name) is not None

    def told(self, prefix: str) -> Callable[[str], None]:
        """``progress``, each line behind a prefix such as "T = 100, seed 3"."""
        return lambda line: self.progress(f"{prefix}: {line}")


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the table of tasks.

    Attributes
    ----------
    name : as the command takes it.
    line : one line of help.
    module : dotted path of the task's file, imported when it is used.
    """

    name: str
    line: str
    module: str

    @property
    def definition(self) -> str:
        """What the task is, from its file."""
        return (self._load().__doc__ or "").strip()

    @property
    def paper(self) -> str:
        """Source of the published figures."""
        return str(self._load().PAPER)

    def run(self, settings: Settings) -> Iterable[Row]:
        """The rows, each as soon as it is there.

        Raises
        ------
        ConfigError : a setting does not fit the task.
        """
        rows: Iterable[Row] = self._load().run(settings)
        return rows

    def _load(self) -> ModuleType:
        return importlib.import_module(self.module)
