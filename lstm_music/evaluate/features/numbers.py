"""Shares, entropies and means of a few numbers; None where there is nothing to count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Features = dict[str, float | None]
"""Name -> value; None where the piece cannot tell. Every piece has the same names."""

Array = npt.NDArray[Any]


def mean(values: Array | Sequence[float | bool]) -> float | None:
    """The mean; the share of what is true."""
    return float(np.mean(values)) if len(values) else None


def deviation(values: Array | Sequence[float]) -> float | None:
    """Standard deviation."""
    return float(np.std(values)) if len(values) else None


def entropy(values: Array) -> float | None:
    """Entropy in bits of how often each value comes."""
    if not len(values):
        return None
    _, counts = np.unique(values, return_counts=True)
    return _bits(counts)


def next_entropy(values: Array) -> float | None:
    """Entropy in bits of a value when the one before it is known."""
    if len(values) < 2:
        return None
    pairs = np.unique(np.stack([values[:-1], values[1:]]), axis=1, return_counts=True)[1]
    firsts = np.unique(values[:-1], return_counts=True)[1]
    return max(_bits(pairs) - _bits(firsts), 0.0)


def commonest(values: Array) -> float | None:
    """Share of the commonest value."""
    if not len(values):
        return None
    return float(np.unique(values, return_counts=True)[1].max() / len(values))


def _bits(counts: Array) -> float:
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())
