"""When notes are played, in the ticks of a file."""

from __future__ import annotations

from collections import defaultdict
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


def in_their_places(
    notes: NoteArray, ticks: tuple[Ticks, Ticks], gone: NoteArray, gone_ticks: tuple[Ticks, Ticks]
) -> tuple[Ticks, Ticks, npt.NDArray[np.bool_]]:
    """Start and end of each note, those of a note that is gone where it differs from that one in
    pitch and loudness alone.

    A file has finer ticks than a piece has steps: a rhythm that is kept stays as exact as it was.

    Parameters
    ----------
    notes : (N,) NOTE_DTYPE, new.
    ticks : starts and ends of these, (N,).
    gone : (M,) NOTE_DTYPE, taken out of the file.
    gone_ticks : starts and ends of these in the file, (M,).

    Returns
    -------
    starts, ends : (N,).
    is_there : (N,) which stand where a note is gone.
    """
    starts, ends = (one.copy() for one in ticks)
    is_there = np.zeros(len(notes), bool)
    places: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for row in np.argsort(gone["pitch_midi"], kind="stable").tolist():
        places[_place(gone[row])].append(row)
    for row in np.argsort(notes["pitch_midi"], kind="stable").tolist():
        if same := places.get(_place(notes[row])):
            there = same.pop(0)
            starts[row], ends[row] = gone_ticks[0][there], gone_ticks[1][there]
            is_there[row] = True
    return starts, ends, is_there


def _place(note: npt.NDArray[np.void]) -> tuple[int, ...]:
    names = ("track", "onset_steps", "timing_96ths", "duration_steps")
    return tuple(int(note[name]) for name in names)
