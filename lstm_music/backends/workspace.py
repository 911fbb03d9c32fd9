"""Memory that outlives a call, and how many threads are worth starting."""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from lstm_music.types import FloatArray

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_ALIGNMENT = 64  # bytes; a cache line and the widest vector register


Empty = Callable[[int, np.dtype[np.floating]], FloatArray]
"""Makes a (size,) array of a dtype."""


def aligned_empty(size: int, dtype: np.dtype[np.floating]) -> FloatArray:
    """(size,) uninitialised array that starts on a cache line."""
    raw = np.empty(size * dtype.itemsize + _ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start : start + size * dtype.itemsize].view(dtype)


class Workspace(threading.local):
    """Scratch arrays by name, grown as needed and kept; each calling thread has its own.

    Parameters
    ----------
    empty : makes a (size,) array that is not cleared; None: in the memory of the CPU.
    """

    def __init__(self, empty: Empty | None = None) -> None:
        self._empty = empty or aligned_empty
        self._arrays: dict[tuple[str, str], FloatArray] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: np.dtype[np.floating]) -> FloatArray:
        """Uninitialised array of this shape; the same name later returns the same memory."""
        size = math.prod(shape)
        key = (name, dtype.char)
        held = self._arrays.get(key)
        if held is None or held.size < size:
            held = self._arrays[key] = self._empty(size, dtype)
        return held[:size].reshape(shape)


def usable_cores() -> int:
    """How many threads are worth starting: Linux tells which cores this process may use."""
    if sys.platform == "emscripten":  # a browser's Python starts no thread
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_threads(
    work: Callable[[_Item], _Result], items: Sequence[_Item], threads: int | None
) -> list[_Result]:
    """``work(item)`` of each, in order, by so many threads at once; None: one a core."""
    if (threads or usable_cores()) == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))
