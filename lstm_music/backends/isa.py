"""Which instruction-set level the compiled kernels use."""

from __future__ import annotations

import os

from lstm_music.errors import BackendError
from lstm_music.kernels.isa import level_names, level_ready

VARIABLE = "LSTM_MUSIC_ISA"
"""Environment variable that forces a level, for tests and bug reports."""


def resolve_level(isa: str | None = None) -> int:
    """Number of the level called ``isa``; None: what the environment asks for, or the best.

    Raises
    ------
    BackendError : no level has that name, or this machine or build cannot run it.

    Examples
    --------
    >>> resolve_level("base")
    0
    """
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
