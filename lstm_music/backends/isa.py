"""Which instruction-set level the compiled kernels use."""

from __future__ import annotations

import os

from lstm_music.backends.checks import check_precision
from lstm_music.errors import BackendError
from lstm_music.kernels.isa import BFLOAT16, level_names, level_ready

VARIABLE = "LSTM_MUSIC_ISA"
"""Environment variable that forces a level, for tests and bug reports."""


def resolve_level(isa: str | None = None, precision: str = "float32") -> int:
    """Number of the level called ``isa``; None: what the environment asks for, or the best.

    Products in bfloat16 have a level of their own, which is v4 in all else.

    Raises
    ------
    ConfigError : no precision has that name.
    BackendError : no level has that name, this machine or build cannot run it, or it has no
        products in bfloat16.

    Examples
    --------
    >>> resolve_level("base")
    0
    """
    level = _named_level(isa)
    if check_precision(precision) == "float32":
        return level
    if level + 1 != BFLOAT16 or not level_ready(BFLOAT16):
        raise BackendError(
            "precision bfloat16 needs AVX512-BF16 (Intel from Cooper Lake on, AMD from Zen 4 on): "
            f"this CPU or build, or the level {level_names()[level]}, lacks it; train in float32"
        )
    return BFLOAT16


def _named_level(isa: str | None) -> int:
    names = level_names()
    ready = [name for level, name in enumerate(names) if level_ready(level)]
    asked, source = (isa, "isa") if isa else (os.environ.get(VARIABLE), VARIABLE)
    if not asked:
        return names.index(ready[-1])
    if asked not in names:
        raise BackendError(f"{source} must be one of {', '.join(names)}, got {asked!r}")
    if asked not in ready:
        raise BackendError(
            f"{source}={asked} cannot run here: this CPU, operating system or build lacks it; "
            f"choose from {', '.join(ready)}"
        )
    return names.index(asked)
