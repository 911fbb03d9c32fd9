"""A run of a task as a file: rows with the settings, the machine and the command behind them."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lstm_music.reproduce.task import Row, Settings, Task

_LIBRARIES = ("numpy", "scikit-learn", "cma")


def result(
    task: Task,
    settings: Settings,
    rows: Iterable[Row],
    *,
    seconds: float,
    command: str,
    processor_seconds: float | None = None,
) -> dict[str, Any]:
    """One run as a JSON object.

    Parameters
    ----------
    task, settings, rows : what was run, how, and what came of it.
    seconds : of the run, by the clock.
    command : the command line that repeats it.
    processor_seconds : of the run, those of this process; None: not measured.
    """
    return {
        "task": task.name,
        "command": command,
        "quick": settings.quick,
        "settings": {
            "runs": settings.runs,
            "rng_seed": settings.rng_seed,
            "cell": settings.cell,
            "only": settings.only,
            "data": settings.data.name if settings.data else None,
        },
        "seconds": round(seconds, 1),
        "processor_seconds": processor_seconds and round(processor_seconds, 1),
        "machine": machine(),
        "rows": [row.as_dict() for row in rows],
    }


def as_bytes(document: Mapping[str, Any]) -> bytes:
    """The file's content."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def machine() -> dict[str, Any]:
    """What the figures depend on: processor, instruction set, versions. No name of a host."""
    import os

    from lstm_music import __version__
    from lstm_music.backends.cpu import CpuBackend
    from lstm_music.kernels.isa import level_names

    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "instruction_set": level_names()[CpuBackend().level],
        "system": platform.system(),
        "python": platform.python_version(),
        "lstm_music": __version__,
        **{name: found for name in _LIBRARIES if (found := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cpu_name() -> str:
    """As the system calls it; the architecture where it does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
