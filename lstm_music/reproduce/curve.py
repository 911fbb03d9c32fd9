"""A learning curve, short enough for a file of results and a plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

POINTS = 50


@dataclass(frozen=True, slots=True)
class Curve:
    """How a figure changed while a network learnt.

    Attributes
    ----------
    across, up : what the two axes are: "sequences", "training loss".
    x, y : the points, from left to right.
    """

    across: str
    up: str
    x: tuple[float, ...]
    y: tuple[float, ...]


def curve_of(values: Sequence[float], *, step: float = 1, across: str, up: str) -> Curve:
    """A curve of at most 50 points, each the mean of as many neighbouring values.

    Parameters
    ----------
    values : evenly spaced, the first of them at ``step``.
    step : from one value to the next, in units of ``across``.
    across, up : as of :class:`Curve`.

    Examples
    --------
    >>> curve_of([4.0, 2.0, 1.0], step=20, across="sequences", up="training loss").x
    (20, 40, 60)
    """
    stretch = max(1, -(-len(values) // POINTS))
    ends = [min(start + stretch, len(values)) for start in range(0, len(values), stretch)]
    means = [float(np.mean(values[max(0, end - stretch) : end])) for end in ends]
    return Curve(
        across, up, tuple(end * step for end in ends), tuple(float(f"{mean:.4g}") for mean in means)
    )
