"""Beat strength: how strong each place of a bar is.

music21's default accent hierarchy without its import: a bar is divided three times, and a place
is as strong as the coarsest division that falls on it. Equal to ``beatStrength`` of music21
(``TimeSignature.getAccentWeight(..., forcePositionMatch=True)``), as a level instead of a weight.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.music.meter import Meter

OFF_BEAT_LEVEL = 4
"""Level of a place on none of the three divisions."""


def divisions(numerator: int) -> tuple[int, int, int]:
    """Into how many parts a bar falls, each part again, and each of those.

    Simple meters fall into halves or beats, then twice into halves; compound meters (6, 9, 12,
    ... over anything) into beats, beats into three, those into halves; when the beats of a
    compound meter can be halved (12, 24, 48), into halves, beats and thirds.

    Examples
    --------
    >>> divisions(4), divisions(3), divisions(5), divisions(6), divisions(12)
    ((2, 2, 2), (3, 2, 2), (5, 2, 2), (2, 3, 2), (2, 2, 3))
    """
    if numerator > 3 and numerator % 3 == 0:
        beats = numerator // 3
        return (2, beats // 2, 3) if beats in {4, 8, 16} else (beats, 3, 2)
    return (2, 2, 2) if numerator in {1, 2, 4, 8, 16, 32} else (numerator, 2, 2)


def beat_strengths(meter: Meter) -> npt.NDArray[np.uint8]:
    """Level of every step of a bar: 0 the downbeat, then weaker up to 4 (off every beat).

    A level ``l`` is music21's accent weight ``2 ** -l``.

    Returns
    -------
    levels : (meter.bar_steps,) uint8, 0..4.

    Examples
    --------
    >>> beat_strengths(Meter(0, 3, 4))[::12].tolist()
    [0, 2, 1, 2, 1, 2]
    """
    places = np.arange(meter.bar_steps)
    levels = np.full(meter.bar_steps, OFF_BEAT_LEVEL, np.uint8)
    # Coarsest last, so that it wins. Products, not quotients: a division of a short bar may
    # fall between two steps, where no note can stand.
    parts = np.cumprod(divisions(meter.numerator))
    for level in (3, 2, 1):
        levels[places * int(parts[level - 1]) % meter.bar_steps == 0] = level
    levels[0] = 0
    return levels
