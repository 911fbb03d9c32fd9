"""Which instruction-set level the compiled kernels use."""

from __future__ import annotations

import os

from lstm_music.backends.checks import check_precision
from lstm_music.errors import BackendError
from lstm_music.kernels.isa import AMX, BFLOAT16, level_names, level_ready

VARIABLE = "LSTM_MUSIC_ISA"
"""Environment variable that forces a level, for tests and bug reports."""

_BRIEF = {
    "bfloat16": (BFLOAT16, "AVX512-BF16 (Intel from Cooper Lake on, AMD from Zen 4 on)"),
    "amx": (AMX, "Intel's AMX (Xeon from Sapphire Rapids on) and a system that allows it"),
}
"""The levels of the precisions that have their own, and what they need."""


def resolve_level(isa: str | None = None, precision: str = "float32") -> int:
    """Number of the level called ``isa``; None: what the environment asks for, or the best.

    Products in bfloat16 have levels of their own, which are v4 in all else.

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
    brief, need = _BRIEF[precision]
    if level + 1 != len(level_names()) or not level_ready(brief):
        raise BackendError(
            f"precision {precision} needs {need}, which this CPU or build lacks"
            f"{_as_chosen(isa)}; use float32"
        )
    return brief


def _as_chosen(isa: str | None) -> str:
    """What else may lack it: an instruction set that was asked for."""
    asked = isa or os.environ.get(VARIABLE)
    return f", or the instruction set asked for ({asked})" if asked else ""


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
