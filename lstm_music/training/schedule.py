"""Learning-rate schedule: linear warm-up, then a cosine to a twentieth."""

from __future__ import annotations

import math


def learning_rate(progress: float, peak: float, warmup: float = 0.02, floor: float = 0.05) -> float:
    """Learning rate at ``progress`` 0..1 of the run.

    Parameters
    ----------
    progress : share of the run that is done; clipped to 0..1.
    peak : learning rate at the end of the warm-up.
    warmup : share of the run spent rising from 0 to ``peak``.
    floor : share of ``peak`` left at the end.

    Examples
    --------
    >>> round(learning_rate(0.02, 0.002), 6), round(learning_rate(1.0, 0.002), 6)
    (0.002, 0.0001)
    """
    progress = min(max(progress, 0.0), 1.0)
    if progress < warmup:
        return peak * progress / warmup
    along = (progress - warmup) / (1.0 - warmup)
    return peak * (floor + (1.0 - floor) * 0.5 * (1.0 + math.cos(math.pi * along)))
