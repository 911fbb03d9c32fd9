"""Steps to seconds and back, over a tempo map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.piece import Tempo

Floats = npt.NDArray[np.float64]


class Clock:
    """When each step of a tempo map sounds.

    Parameters
    ----------
    tempos : in order, the first at step 0.

    Examples
    --------
    >>> clock = Clock([Tempo(0, 500_000), Tempo(48, 1_000_000)])
    >>> clock.seconds(np.array([24, 48, 72])).tolist()
    [0.5, 1.0, 2.0]
    """

    def __init__(self, tempos: Sequence[Tempo]) -> None:
        self._onsets = np.array([tempo.onset_steps for tempo in tempos], np.float64)
        usec = np.array([tempo.usec_per_quarter for tempo in tempos], np.float64)
        self._rates = usec / (1e6 * STEPS_PER_QUARTER)
        spans = np.diff(self._onsets) * self._rates[:-1]
        self._starts = np.concatenate([[0.0], np.cumsum(spans)])

    @property
    def changes_seconds(self) -> Floats:
        """Seconds at which each tempo begins, the first at 0."""
        return self._starts

    def seconds_a_step(self, steps: npt.NDArray[Any]) -> Floats:
        """Length of a step at each time in steps."""
        return np.asarray(self._rates[self._section(self._onsets, steps)])

    def seconds(self, steps: npt.NDArray[Any]) -> Floats:
        """Seconds from the beginning at each time in steps."""
        section = self._section(self._onsets, steps)
        into = steps - self._onsets[section]
        return np.asarray(self._starts[section] + into * self._rates[section])

    def steps(self, seconds: Floats) -> Floats:
        """Time in steps, not rounded, at each time in seconds."""
        section = self._section(self._starts, seconds)
        into = seconds - self._starts[section]
        return np.asarray(self._onsets[section] + into / self._rates[section])

    @staticmethod
    def _section(starts: Floats, times: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
        return np.maximum(np.searchsorted(starts, times, side="right") - 1, 0)
