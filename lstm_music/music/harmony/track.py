"""The chords over a stretch of time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError
from lstm_music.music.harmony.chord import Chord


@dataclass(frozen=True, slots=True)
class ChordTrack:
    """Chords, each from its ``onset_steps`` to the next one's, the last to ``end_steps``.

    None is a stretch without a chord; so is what lies before the first and after the end.
    """

    onset_steps: tuple[int, ...]
    chords: tuple[Chord | None, ...]
    end_steps: int

    def __post_init__(self) -> None:
        if len(self.onset_steps) != len(self.chords):
            raise ConfigError(
                f"each chord needs its onset, got {len(self.chords)} chords and "
                f"{len(self.onset_steps)} onsets"
            )
        times = [*self.onset_steps, self.end_steps]
        if any(b <= a for a, b in pairwise(times)):
            raise ConfigError(f"onsets of chords must rise to the end, got {times[:9]}")

    def chord_at(self, step: int) -> Chord | None:
        """The chord in force at a step."""
        i = bisect_right(self.onset_steps, step) - 1
        return self.chords[i] if i >= 0 and step < self.end_steps else None

    def pitch_classes_at(self, steps: Sequence[int] | npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Which pitch classes the chords in force hold, C first.

        Parameters
        ----------
        steps : (N,) whole steps, in any order.

        Returns
        -------
        ndarray
            (N, 12) bool; a row without a chord is False throughout.
        """
        held = np.zeros((len(self.chords) + 1, 12), bool)  # the last row: no chord
        for row, chord in zip(held, self.chords, strict=False):
            row[list(chord.pitch_classes) if chord else []] = True
        places = np.asarray(steps, np.int64)
        i = np.searchsorted(self.onset_steps, places, side="right") - 1
        return held[np.where((i < 0) | (places >= self.end_steps), len(self.chords), i)]

    def __str__(self) -> str:
        return " ".join("N.C." if chord is None else str(chord) for chord in self.chords)
