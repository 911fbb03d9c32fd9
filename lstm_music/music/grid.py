"""The time grid: every musical time is a whole number of steps.

24 steps a quarter note hold 32nds (3 steps), triplets (8) and sextuplets (4) exactly.
"""

from __future__ import annotations

STEPS_PER_QUARTER = 24
STEPS_PER_WHOLE = 4 * STEPS_PER_QUARTER
