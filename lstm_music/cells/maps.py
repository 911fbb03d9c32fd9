"""How the units of a convolutional cell lie: channels of a map, and what a kernel sees of it.

D inputs or H units are C channels of P places each, channel by channel; the places of a 2-D map
row by row. A kernel of k taps gives each place k neighbours of each channel to look at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

from lstm_music.errors import ConfigError

Padding = Literal["zeros", "circular"]


@dataclass(frozen=True, slots=True)
class MapShape:
    """Size of a 1-D or 2-D map and of the kernel that slides over it, one place at a time.

    Attributes
    ----------
    size : places along each axis, such as (88,) or (12, 8); at least 1.
    kernel : taps along each axis: odd, so that a place sees as far either way and the map keeps
        its size; below twice the size, so that no tap lies outside the map for every place.
    padding : what lies outside the map: ``zeros``, or ``circular``, the other end of the axis.

    Raises
    ------
    ConfigError : a value is out of range.

    Examples
    --------
    >>> shape = MapShape((12, 8), (3, 3))
    >>> shape.places, shape.taps
    (96, 9)
    """

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    padding: Padding = "zeros"

    def __post_init__(self) -> None:
        if len(self.size) not in (1, 2) or min(self.size) < 1:
            raise ConfigError(
                f"a map has one or two axes of at least one place, such as 88 or 12x8; "
                f"got {_text(self.size)}"
            )
        if len(self.kernel) != len(self.size) or not all(
            k % 2 == 1 and 1 <= k < 2 * n for k, n in zip(self.kernel, self.size)
        ):
            raise ConfigError(
                f"the kernel on a map of {_text(self.size)} needs an odd number of taps along each "
                f"axis, at most {_text(tuple(2 * n - 1 for n in self.size))}; "
                f"got {_text(self.kernel)}"
            )
        if self.padding not in get_args(Padding):
            raise ConfigError(
                f"padding must be one of {', '.join(get_args(Padding))}, got {self.padding!r}"
            )

    @property
    def places(self) -> int:
        """P, places of the map."""
        return math.prod(self.size)

    @property
    def taps(self) -> int:
        """Places that a place sees: columns of a weight matrix for each channel."""
        return math.prod(self.kernel)

    def seen(self) -> tuple[tuple[int, ...], ...]:
        """(taps, places): the place that each tap sees from each place, -1 outside the map.

        Examples
        --------
        >>> MapShape((4,), (3,)).seen()
        ((-1, 0, 1, 2), (0, 1, 2, 3), (1, 2, 3, -1))
        >>> MapShape((4,), (3,), "circular").seen()[0]
        (3, 0, 1, 2)
        """
        return tuple(
            tuple(self._place(here, tap) for here in product(*map(range, self.size)))
            for tap in product(*map(range, self.kernel))
        )

    def _place(self, here: tuple[int, ...], tap: tuple[int, ...]) -> int:
        """What one tap sees from one place."""
        place = 0
        for x, k, size, kernel in zip(here, tap, self.size, self.kernel):
            there = x + k - kernel // 2
            if self.padding == "circular":
                there %= size
            if not 0 <= there < size:
                return -1
            place = place * size + there
        return place


def _text(sizes: tuple[int, ...]) -> str:
    return "x".join(map(str, sizes))
