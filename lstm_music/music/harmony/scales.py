"""Scales: which notes of a piece they hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import Piece, pitched_notes

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
"""Semitones over the tonic; natural minor has the notes of a major scale."""


def pitch_classes(piece: Piece) -> npt.NDArray[np.int64]:
    """Notes of each pitch class, (12,) int64, C first; drums left out."""
    return np.bincount(pitched_notes(piece)["pitch_midi"] % 12, minlength=12)


def notes_in_scale(
    counts: npt.NDArray[np.int64], tonic: int, scale: tuple[int, ...] = MAJOR_SCALE
) -> int:
    """How many of the notes a scale holds.

    Parameters
    ----------
    counts : (12,) as `pitch_classes` gives them.
    tonic : pitch class, 0 = C.
    scale : semitones over the tonic.
    """
    return int(counts[(np.array(scale) + tonic) % 12].sum())
