"""How many notes sound at once."""

from __future__ import annotations

import numpy as np

from lstm_music.types import NoteArray


def most_together(notes: NoteArray) -> int:
    """The largest number of notes that sound together."""
    times = np.concatenate([notes["onset_steps"], notes["onset_steps"] + notes["duration_steps"]])
    steps = np.repeat([1, -1], len(notes))
    order = np.lexsort([steps, times])  # what ends makes room for what begins
    return int(np.cumsum(steps[order]).max(initial=0))
