"""New notes beside given ones of the same key."""

from __future__ import annotations

import numpy as np

from lstm_music.types import NoteArray

_LATE_STEPS = 3
"""A key that a given note holds only so long is struck anew when it is free."""


def clear_of(notes: NoteArray, given: NoteArray) -> NoteArray:
    """New notes that overlap no given note of their track and pitch.

    The network reads a performance in the lengths of a score. So a key may be held a little longer
    than it was told: a new note there begins late. One that begins while the key is held for longer
    is left out. One that lasts until a given note begins ends there.

    Parameters
    ----------
    notes, given : (N,), (M,) NOTE_DTYPE.
    """
    if not len(notes):
        return notes
    ends = given["onset_steps"].astype(np.int64) + given["duration_steps"]
    last = int((notes["onset_steps"].astype(np.int64) + notes["duration_steps"]).max())
    near = (ends > int(notes["onset_steps"].min())) & (given["onset_steps"] < last)
    given, ends = given[near], ends[near]
    clear, stays = notes.copy(), np.ones(len(notes), bool)
    for i, note in enumerate(notes):
        same = (given["track"] == note["track"]) & (given["pitch_midi"] == note["pitch_midi"])
        if not same.any():
            continue
        begins, frees = given["onset_steps"][same].astype(np.int64), ends[same]
        begin, end = int(note["onset_steps"]), int(note["onset_steps"] + note["duration_steps"])
        free = int(frees[(begins <= begin) & (frees > begin)].max(initial=begin))
        end = int(begins[begins > begin].min(initial=end))
        stays[i] = free - begin <= _LATE_STEPS and free < end
        clear["onset_steps"][i], clear["duration_steps"][i] = free, max(end - free, 1)
    return clear[stays]
