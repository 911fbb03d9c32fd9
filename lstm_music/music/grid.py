"""The time grid: every musical time is a whole number of steps.

24 steps a quarter note hold 32nds (3 steps), triplets (8) and sextuplets (4) exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

STEPS_PER_QUARTER = 24
STEPS_PER_WHOLE = 4 * STEPS_PER_QUARTER


def on_score_grid(steps: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.bool_]:
    """Which of some steps, counted from a bar line, are multiples of a 32nd or a sextuplet."""
    on_grid: npt.NDArray[np.bool_] = (steps % 3 == 0) | (steps % 4 == 0)
    return on_grid
