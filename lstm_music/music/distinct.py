"""The distinct values of an array, without what NumPy imports for them."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from lstm_music.types import BoolArray

_Number = TypeVar("_Number", bound=np.integer[Any])


def distinct(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """The distinct values of an array of integers, in their order, as ``np.unique`` gives them.

    That imports masked arrays at its first call, which takes a command 6 ms of its start.

    Examples
    --------
    >>> distinct(np.array([3, 1, 3, 2])).tolist()
    [1, 2, 3]
    """
    ordered = np.sort(values, axis=None)
    is_first = np.ones(len(ordered), bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]


def is_among(values: npt.NDArray[_Number], others: npt.NDArray[_Number]) -> BoolArray:
    """Whether each of some integers is among others, as ``np.isin`` says.

    Examples
    --------
    >>> is_among(np.array([3, 1, 9]), np.array([1, 3, 4])).tolist()
    [True, True, False]
    """
    if not len(others):
        return np.zeros(len(values), bool)
    ordered = np.sort(others)
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return np.asarray(ordered[at] == values)
