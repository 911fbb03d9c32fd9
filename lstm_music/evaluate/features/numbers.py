"""Shares, entropies and means of a few numbers; None where there is nothing to count.

How often each value comes is counted once, in a ``Counter``, and asked for several things.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from itertools import pairwise
from math import fsum, log2, sqrt
from typing import Any

Features = dict[str, float | None]
"""Name -> value; None where the piece cannot tell. Every piece has the same names."""


def mean(values: Collection[float]) -> float | None:
    """The mean; the share of what is true."""
    return fsum(values) / len(values) if values else None


def mean_of(counts: Counter[Any]) -> float | None:
    """The mean of what was counted."""
    return fsum(x * n for x, n in counts.items()) / counts.total() if counts else None


def deviation_of(counts: Counter[Any]) -> float | None:
    """Standard deviation of the numbers that were counted."""
    if not counts:
        return None
    total = counts.total()
    middle = fsum(x * n for x, n in counts.items()) / total
    return sqrt(fsum(n * (x - middle) ** 2 for x, n in counts.items()) / total)


def share(counts: Counter[Any], *values: Hashable) -> float | None:
    """How much of all that was counted has one of some values."""
    return sum(counts[value] for value in values) / counts.total() if counts else None


def distinct(counts: Counter[Any]) -> float | None:
    """How many different values there are."""
    return float(len(counts)) if counts else None


def commonest(counts: Counter[Any]) -> float | None:
    """Share of the commonest value."""
    return max(counts.values()) / counts.total() if counts else None


def entropy(counts: Counter[Any]) -> float | None:
    """Entropy in bits of how often each value comes."""
    if not counts:
        return None
    total = counts.total()
    return -fsum(n / total * log2(n / total) for n in counts.values())


def next_entropy(values: Sequence[Hashable]) -> float | None:
    """Entropy in bits of a value when the one before it is known."""
    pairs = entropy(Counter(pairwise(values)))
    firsts = entropy(Counter(values[:-1]))
    return None if pairs is None or firsts is None else max(pairs - firsts, 0.0)
