"""How far after the beats of its file written music lies as a whole.

Music that was aligned to a recording often begins at some odd place, and every note with it.
"""

from __future__ import annotations

import numpy as np

from lstm_music.music.distinct import distinct
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.piece import Piece

_EIGHTH, _SIXTEENTH = STEPS_PER_QUARTER // 2, STEPS_PER_QUARTER // 4
_SHARE = 0.6
"""Share of the onsets on 16ths after the offset; triplets or free playing have at most a half."""


def grid_offset(piece: Piece) -> int:
    """Steps, 0..11, by which the eighth notes of a piece lie after those of its file.

    0 as well where that is one step (an early or late player), or where the notes are on no 16ths
    of their own.
    """
    onsets = distinct(piece.notes["onset_steps"])
    counts = np.bincount(onsets % _EIGHTH, minlength=_EIGHTH)
    offset = int(counts.argmax())
    share = counts[offset % _SIXTEENTH :: _SIXTEENTH].sum() / max(len(onsets), 1)
    is_apart = offset % _SIXTEENTH and 1 < offset < _EIGHTH - 1
    return offset if is_apart and share >= _SHARE else 0


def without_offset(piece: Piece, offset_steps: int) -> Piece:
    """The notes that much earlier; what begins before is moved to the beginning."""
    if not offset_steps:
        return piece
    notes = piece.notes.copy()
    notes["onset_steps"] = np.maximum(notes["onset_steps"] - offset_steps, 0)
    return piece.replace(notes=notes)
