"""Learning-rate schedules: a linear warm-up, then down a cosine, by plateaus, or not at all."""

from __future__ import annotations

import math

SCHEDULES = ("cosine", "plateau", "constant")

COSINE_FLOOR = 0.05
"""Share of the peak that a cosine leaves at the end."""

PLATEAU_PATIENCE = 2
"""A plateau is so many validations without a new best."""


def rate_share(schedule: str, done: float, warmup: float, plateaus: int = 0) -> float:
    """The learning rate as a share of its peak.

    Parameters
    ----------
    schedule : one of `SCHEDULES`.
    done : share of the run that is done; clipped to 0..1.
    warmup : share of the run spent rising from 0 to the peak, [0, 1).
    plateaus : how many there were so far; each halves the rate of schedule ``plateau``.

    Examples
    --------
    >>> [round(rate_share("cosine", done, 0.02), 3) for done in (0.01, 0.02, 1.0)]
    [0.5, 1.0, 0.05]
    >>> rate_share("plateau", 0.7, 0.02, plateaus=2)
    0.25
    """
    done = min(max(done, 0.0), 1.0)
    if done < warmup:
        return done / warmup
    if schedule == "plateau":
        return 0.5**plateaus
    if schedule == "constant":
        return 1.0
    along = (done - warmup) / (1.0 - warmup)
    return COSINE_FLOOR + (1.0 - COSINE_FLOOR) * 0.5 * (1.0 + math.cos(math.pi * along))
