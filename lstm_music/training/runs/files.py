"""The model and the losses of a training run, by the name of either."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_music.errors import ModelFileError
from lstm_music.pretrained import model_names
from lstm_music.training.runs.folder import METRICS, RunFolder

_SUFFIX = ".safetensors"


@dataclass(frozen=True, slots=True)
class RunFiles:
    """What a report is made of.

    Attributes
    ----------
    model : a file, or the name of a bundled model: what `lstm_music.load` takes.
    losses : the lines of the run's ``metrics.jsonl``, in order; none where there is no such file.
    """

    model: str
    losses: tuple[dict[str, Any], ...]


def run_files(run: str | os.PathLike[str]) -> RunFiles:
    """Find the model and the losses of a run.

    Parameters
    ----------
    run : the model file that a run wrote, its folder beside that (``my.run``), or the name of a
        bundled model.

    Raises
    ------
    ModelFileError : there is no such model.
    """
    path = Path(run)
    if os.fspath(run) in model_names() and not path.exists():
        return RunFiles(os.fspath(run), ())
    model = path.with_suffix(_SUFFIX) if path.is_dir() else path
    if not model.is_file():
        raise ModelFileError(
            f"{run}: no such run; expected a model file, its folder (my.run), or one of "
            f"{', '.join(model_names())}"
        )
    metrics = RunFolder(model).path / METRICS
    if not metrics.is_file():
        return RunFiles(os.fspath(model), ())
    return RunFiles(os.fspath(model), tuple(_lines(metrics)))


def _lines(metrics: Path) -> list[dict[str, Any]]:
    """The whole lines; a kill may have torn the last one."""
    found = []
    for line in metrics.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            numbers = json.loads(line)
        except ValueError:
            continue
        if isinstance(numbers, dict) and "tokens" in numbers:
            found.append(numbers)
    return found
