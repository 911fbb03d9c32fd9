"""The Reber grammar, embedded in itself: strings and streams of seven symbols.

A Reber string begins with B and ends with E; in between an automaton of six states goes one of two
ways at a time (Reber 1967). The embedded grammar wraps it: B T (Reber) T E or B P (Reber) P E, so
that the symbol before the last is the second one. A stream is one such string after the other.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from lstm_music.types import FloatArray

SYMBOLS = "BTSXPVE"

# State: the two ways out, each a symbol and the next state.
_REBER = {
    0: ("B1", "B1"),
    1: ("T2", "P3"),
    2: ("S2", "X4"),
    3: ("T3", "V5"),
    4: ("X3", "S6"),
    5: ("P4", "V6"),
    6: ("E7", "E7"),
}


@cache
def _automaton() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(states, 2) the symbol and the next state of each way of the embedded grammar.

    State 0 is the start of a string. The end leads there, so that a stream goes on for ever.
    """
    ways: list[tuple[tuple[str, int], tuple[str, int]]] = [
        (("B", 1), ("B", 1)),
        (("T", 2), ("P", 10)),
    ]
    for wrapper, base in (("T", 2), ("P", 10)):
        for state in range(7):
            one, other = _REBER[state]
            ways.append(((one[0], base + int(one[1])), (other[0], base + int(other[1]))))
        ways.append(((wrapper, 18), (wrapper, 18)))
    ways.append((("E", 0), ("E", 0)))
    symbol = np.array([[SYMBOLS.index(way[0]) for way in pair] for pair in ways])
    after = np.array([[way[1] for way in pair] for pair in ways])
    return symbol, after


class Streams:
    """B endless streams of embedded Reber strings, each from the start of a string.

    Parameters
    ----------
    B : streams.
    rng : what chooses the ways.
    """

    def __init__(self, B: int, rng: np.random.Generator) -> None:
        self._rng = rng
        self._state = np.zeros(B, np.int64)

    def restart(self, row: int) -> None:
        """Begin one of the streams anew, with a new string."""
        self._state[row] = 0

    def take(self, steps: int) -> tuple[FloatArray, FloatArray]:
        """The next symbols, one-hot, and after each the set of symbols that may come.

        Returns
        -------
        x : (steps, B, 7) float32
        legal : (steps, B, 7) float32, 1 for each symbol that may follow.
        """
        symbol, after = _automaton()
        ways = self._rng.integers(0, 2, (steps, len(self._state)))
        states = np.empty((steps + 1, len(self._state)), np.int64)
        states[0] = self._state
        for t in range(steps):
            states[t + 1] = after[states[t], ways[t]]
        self._state = states[-1]
        one_hot = np.eye(len(SYMBOLS), dtype=np.float32)
        legal = np.maximum(one_hot[symbol[:, 0]], one_hot[symbol[:, 1]])
        return one_hot[symbol[states[:-1], ways]], legal[states[1:]]


def strings(n: int, rng: np.random.Generator) -> list[tuple[FloatArray, FloatArray]]:
    """``n`` embedded strings: symbols before the last, (T, 7), and what may follow each."""
    found: list[tuple[FloatArray, FloatArray]] = []
    while len(found) < n:
        x, legal = (array[:, 0] for array in Streams(1, rng).take(100))
        ends = np.flatnonzero(x[:, SYMBOLS.index("E")])
        last = ends[1] if len(ends) > 1 else 0  # the first E is the inner string's
        if last:
            found.append((x[:last], legal[:last]))
    return found
