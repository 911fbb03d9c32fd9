"""The CUDA sources as one text each: CuPy compiles text, so every include is put in its place."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from lstm_music.errors import BackendError

_PACKAGE = Path(__file__).parents[2]
_CUDA = _PACKAGE / "cuda"
_FOLDERS = (_CUDA, _CUDA / "c", _PACKAGE.parent / "src" / "c")
"""Where a file may lie: the kernels; the CPU's sources beside them in a wheel; or in a checkout."""

_INCLUDE = re.compile(r'^#include "([\w./]+)"\n', re.MULTILINE)
_SYSTEM = re.compile(r"^#include <.*>\n", re.MULTILINE)


@cache
def source(name: str) -> str:
    """The text of ``lstm_music/cuda/NAME.cu``, its includes in their places.

    What stands in angle brackets is left out: the compiler has it built in.

    Raises
    ------
    BackendError : a file is missing.
    """
    seen: set[str] = set()

    def put(found: re.Match[str]) -> str:
        inner = found[1]
        if inner in seen:
            return ""
        seen.add(inner)
        return _INCLUDE.sub(put, _read(inner))

    return _SYSTEM.sub("", _INCLUDE.sub(put, _read(f"{name}.cu")))


def source_names() -> list[str]:
    """Every source that `source` takes."""
    return sorted(path.stem for path in _CUDA.glob("*.cu"))


def _read(name: str) -> str:
    for folder in _FOLDERS:
        path = folder / name
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise BackendError(f"{name} is missing from {_CUDA}: install lstm_music again")
