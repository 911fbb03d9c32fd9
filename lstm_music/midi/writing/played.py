"""When notes are played, in the ticks of a file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import TIMING_PER_STEP
from lstm_music.types import NoteArray

Ticks = npt.NDArray[np.int64]
ToTicks = Callable[[npt.NDArray[np.float64]], Ticks]
"""Steps, also between two of the grid, to the nearest ticks."""


def played_ticks(notes: NoteArray, to_ticks: ToTicks) -> tuple[Ticks, Ticks]:
    """Start and end of each note as it is played: both moved by its timing.

    A note that would touch the next of its pitch by its timing alone makes way for it, as a player
    must lift a key to strike it again.

    Parameters
    ----------
    notes : (N,) NOTE_DTYPE.
    to_ticks : where the steps of the piece lie in the file.

    Returns
    -------
    starts, ends : (N,) int64; an end is at least one tick after its start.
    """
    onset = notes["onset_steps"].astype(np.float64)
    written_end = onset + notes["duration_steps"]
    timing = notes["timing_96ths"] / TIMING_PER_STEP
    start = np.maximum(to_ticks(onset + timing), 0)
    end = start + to_ticks(written_end) - to_ticks(onset)
    if timing.any():
        order = np.lexsort([onset, notes["pitch_midi"], notes["track"]])
        this, following = order[:-1], order[1:]
        same_key = (notes["track"][this] == notes["track"][following]) & (
            notes["pitch_midi"][this] == notes["pitch_midi"][following]
        )
        apart = same_key & (written_end[this] <= onset[following])
        end[this[apart]] = np.minimum(end[this[apart]], start[following[apart]])
    return start, np.maximum(end, start + 1)
