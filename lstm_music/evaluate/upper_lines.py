"""The parts of a piece: the line of highest notes of each pitched track."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import Piece

_Ints = npt.NDArray[np.int64]


class Part(NamedTuple):
    """The highest note at each onset of a track, N of them, in order."""

    onset_steps: _Ints
    end_steps: _Ints
    pitch_midi: _Ints


def parts_of(piece: Piece) -> list[Part]:
    """A part for each pitched track that has notes."""
    found = []
    for number, track in enumerate(piece.tracks):
        notes = piece.notes[piece.notes["track"] == number]
        if track.is_drum or not len(notes):
            continue
        # Notes stand by onset, then by pitch: the last of each onset is the highest.
        onsets = notes["onset_steps"].astype(np.int64)
        is_top = np.append(onsets[1:] != onsets[:-1], True)
        top = notes[is_top]
        found.append(
            Part(
                onsets[is_top],
                onsets[is_top] + top["duration_steps"],
                top["pitch_midi"].astype(np.int64),
            )
        )
    return found
