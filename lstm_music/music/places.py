"""Places: stretches of single tracks."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lstm_music.types import BoolArray, NoteArray


def begins_in(notes: NoteArray, places: Iterable[tuple[int, int, int]]) -> BoolArray:
    """Whether each note begins in one of the places.

    Parameters
    ----------
    notes : (N,) NOTE_DTYPE.
    places : track, start and end in steps of each; the end does not belong to it.
    """
    inside = np.zeros(len(notes), bool)
    onset, track = notes["onset_steps"], notes["track"]
    for which, start, end in places:
        inside |= (track == which) & (onset >= start) & (onset < end)
    return inside
