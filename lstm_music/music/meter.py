"""Meters and where their bars lie on the grid."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError
from lstm_music.music.grid import STEPS_PER_WHOLE

DENOMINATORS = (1, 2, 4, 8, 16, 32)
"""Beat units that fall on the grid (a 64th note would be 1.5 steps)."""

MAX_NUMERATOR = 64


@dataclass(frozen=True, slots=True, order=True)
class Meter:
    """A meter from ``onset_steps`` on: ``numerator``/``denominator`` as in a score."""

    onset_steps: int
    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        if not 1 <= self.numerator <= MAX_NUMERATOR or self.denominator not in DENOMINATORS:
            raise ConfigError(
                f"meter must be 1..{MAX_NUMERATOR} over one of {DENOMINATORS}, "
                f"got {self.numerator}/{self.denominator}"
            )

    @classmethod
    def parse(cls, text: str, onset_steps: int = 0) -> Meter:
        """Read ``"6/8"``.

        Raises
        ------
        ConfigError : the text is not two whole numbers about a slash, or off the grid.

        Examples
        --------
        >>> Meter.parse("6/8").bar_steps
        72
        """
        numerator, slash, denominator = text.partition("/")
        if not (slash and numerator.strip().isdecimal() and denominator.strip().isdecimal()):
            raise ConfigError(f"meter must look like 3/4 or 6/8, got {text!r}")
        return cls(onset_steps, int(numerator), int(denominator))

    @property
    def bar_steps(self) -> int:
        """Length of one bar in steps."""
        return self.numerator * STEPS_PER_WHOLE // self.denominator

    @property
    def beat_steps(self) -> int:
        """Length of one beat: dotted in compound meters (6/8, 9/8, 12/8)."""
        compound = self.denominator >= 8 and self.numerator % 3 == 0 and self.numerator > 3
        return (3 if compound else 1) * STEPS_PER_WHOLE // self.denominator

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


def parse_pickup_steps(text: str) -> int:
    """Length in steps of a pickup given as a fraction of a whole note; ``"0"`` for none.

    Raises
    ------
    ConfigError : the text is no fraction, or one that falls between two steps of the grid.

    Examples
    --------
    >>> parse_pickup_steps("1/8"), parse_pickup_steps("2/4"), parse_pickup_steps("0")
    (12, 48, 0)
    """
    if text.strip() == "0":
        return 0
    match = re.fullmatch(r"\s*([0-9]{1,4})\s*/\s*([0-9]{1,4})\s*", text)
    if not match or not int(match[2]):
        raise ConfigError(
            f"a pickup must be a fraction of a whole note such as 1/8 or 2/4, got {text!r}"
        )
    steps, between = divmod(int(match[1]) * STEPS_PER_WHOLE, int(match[2]))
    if between:
        raise ConfigError(
            f"a pickup must be a whole number of {STEPS_PER_WHOLE}ths of a whole note, as 1/8, "
            f"1/16 or 1/12 are; got {text!r}"
        )
    return steps


class BarLines:
    """Bar arithmetic over a meter map.

    The first bar line after time 0 stands at ``pickup_steps`` (0: no pickup). Every meter
    starts a new bar where it stands, whether or not the bar before it was full.

    Parameters
    ----------
    meters : meters in order of onset; the first at step 0.
    pickup_steps : length of the incomplete first bar, 0 <= pickup_steps < first bar.
    """

    def __init__(self, meters: Sequence[Meter], pickup_steps: int = 0) -> None:
        self.pickup_steps = pickup_steps
        self._meters = tuple(meters)
        self._onsets = [meter.onset_steps for meter in self._meters]
        # A section: (onset of its first bar line, its meter, number of that bar).
        self._starts: list[int] = []
        self._first_bars: list[int] = []
        bar = 1 if pickup_steps else 0
        for i, meter in enumerate(self._meters):
            start = meter.onset_steps + (pickup_steps if i == 0 else 0)
            self._starts.append(start)
            self._first_bars.append(bar)
            if i + 1 < len(self._meters):
                span = self._meters[i + 1].onset_steps - start
                bar += -(-span // meter.bar_steps)  # a cut-off bar counts as one

    def meter_at(self, onset_steps: int) -> Meter:
        """The meter in force at ``onset_steps``."""
        return self._meters[self._section(onset_steps)]

    def bar_at(self, onset_steps: int) -> int:
        """Number of the bar that holds ``onset_steps``; a pickup is bar 0, else bar 0 is full."""
        section = self._section(onset_steps)
        if onset_steps < self._starts[section]:
            return 0  # inside the pickup
        bars = (onset_steps - self._starts[section]) // self._meters[section].bar_steps
        return self._first_bars[section] + bars

    def bars_at(self, onsets: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
        """`bar_at` of many onsets in steps."""
        section = self._sections(onsets)
        lengths = np.array([meter.bar_steps for meter in self._meters])[section]
        into = onsets.astype(np.int64) - np.array(self._starts)[section]
        return np.where(into < 0, 0, np.array(self._first_bars)[section] + into // lengths)

    def bar_start(self, onset_steps: int) -> int:
        """Onset of the bar line at or before ``onset_steps`` (0 inside a pickup)."""
        section = self._section(onset_steps)
        start = self._starts[section]
        if onset_steps < start:
            return 0
        return start + (onset_steps - start) // self._meters[section].bar_steps * (
            self._meters[section].bar_steps
        )

    def bar_end(self, onset_steps: int) -> int:
        """Onset of the first bar line after ``onset_steps``."""
        section = self._section(onset_steps)
        start = self._starts[section]
        if onset_steps < start:
            end = start
        else:
            end = self.bar_start(onset_steps) + self._meters[section].bar_steps
        if section + 1 < len(self._meters):
            end = min(end, self._meters[section + 1].onset_steps)
        return end

    def is_bar_line(self, onset_steps: int) -> bool:
        """Whether a bar line stands at ``onset_steps``; one stands at 0 even before a pickup."""
        return self.bar_start(onset_steps) == onset_steps

    def places(
        self, onsets: npt.NDArray[np.integer[Any]]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Of many onsets in steps, the distance from the bar line before and the bar's length.

        In a pickup the distance is counted from its beginning.
        """
        section = self._sections(onsets)
        bars = np.array([meter.bar_steps for meter in self._meters])[section]
        into = onsets.astype(np.int64) - np.array(self._starts)[section]
        return np.where(into < 0, onsets, into % bars), bars

    def beats_at(self, onsets: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
        """Length of a beat in the meter in force at each of many onsets, in steps."""
        return np.array([meter.beat_steps for meter in self._meters])[self._sections(onsets)]

    def _sections(self, onsets: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
        return np.maximum(np.searchsorted(self._onsets, onsets, side="right") - 1, 0)

    def _section(self, onset_steps: int) -> int:
        return max(bisect_right(self._onsets, onset_steps) - 1, 0)
