"""One of several, drawn with given odds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def drawn(log_odds: npt.NDArray[np.float64], uniform: float) -> int:
    """Which of several is drawn with these odds.

    Parameters
    ----------
    log_odds : (N,) natural logarithms, not all -inf; a constant added to all changes nothing.
    uniform : a random number in [0, 1).
    """
    sums = np.cumsum(np.exp(log_odds - log_odds.max()))
    return min(int(np.searchsorted(sums, uniform * sums[-1], side="right")), len(sums) - 1)
