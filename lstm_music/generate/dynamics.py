"""Loudness by rule, for a network that has never heard any: a seed's accents go on.

Most free scores have one velocity throughout. A network trained on them is thrown by a seed with
accents and cannot make any; so it hears the seed at an even loudness, and what it composes gets
the loudness that the seed's track has, on average, at the same place in the bar.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.music.distinct import distinct
from lstm_music.music.piece import Piece
from lstm_music.tokens.vocabulary import USUAL_VELOCITY

_Notes = npt.NDArray[np.void]


def without_dynamics(piece: Piece) -> Piece:
    """Every pitched note as loud as in music that says nothing of loudness; drums as they are."""
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    notes = piece.notes.copy()
    notes["velocity"][~drums[notes["track"]]] = USUAL_VELOCITY
    return piece.replace(notes=notes)


class Accents:
    """How loud a seed's pitched tracks are at each place in the bar, to be given to new notes.

    The velocity is the mean over the seed's notes of that track at the same distance from the bar
    line, in bars of the same length; where there are none, the track's median.
    """

    def __init__(self, seed: Piece) -> None:
        self._seed = seed
        notes = seed.notes
        drums = np.array([track.is_drum for track in seed.tracks], bool)
        notes = notes[~drums[notes["track"]]] if len(notes) else notes
        self._medians = {
            int(track): float(np.median(notes["velocity"][notes["track"] == track]))
            for track in distinct(notes["track"])
        }
        self._places, index = np.unique(_places(seed, notes), return_inverse=True)
        total = np.bincount(index, notes["velocity"], minlength=len(self._places))
        self._means = total / np.maximum(np.bincount(index, minlength=len(self._places)), 1)

    def given_to(self, notes: _Notes) -> _Notes:
        """A copy of ``notes`` (NOTE_DTYPE), accented; drums and unknown tracks as they are."""
        accented = notes.copy()
        for i, place in enumerate(_places(self._seed, notes).tolist()):
            median = self._medians.get(int(notes["track"][i]))
            if median is not None:
                at = int(np.searchsorted(self._places, place))
                is_known = at < len(self._places) and self._places[at] == place
                accented["velocity"][i] = round(float(self._means[at]) if is_known else median)
        return accented


def _places(seed: Piece, notes: _Notes) -> npt.NDArray[np.int64]:
    """A number for the (track, steps from the bar line, steps of the bar) of each note."""
    place, bar_steps = seed.bar_lines.places(notes["onset_steps"])
    return (notes["track"].astype(np.int64) << 40) | (bar_steps << 20) | place


_NEAR_BARS = 16
_FEW_NOTES = 32


def near(piece: Piece, start_steps: int) -> Piece:
    """The notes of a piece within `_NEAR_BARS` bars of a place; all, where those are few."""
    bar_steps = piece.bar_lines.meter_at(start_steps).bar_steps
    away = np.abs(piece.notes["onset_steps"].astype(np.int64) - start_steps)
    notes = piece.notes[away <= _NEAR_BARS * bar_steps]
    return piece if len(notes) < _FEW_NOTES else piece.replace(notes=notes)


_DYNAMIC_VELOCITIES = 24  # a mark or two, from mp to f
_LEAST_NOTES = 8


def has_dynamics(piece: Piece) -> bool:
    """Whether a pitched track grows louder and softer by more than accents do."""
    for track in range(len(piece.tracks)):
        mine = piece.notes["velocity"][piece.notes["track"] == track]
        if len(mine) >= _LEAST_NOTES and not piece.tracks[track].is_drum:
            few = len(mine) // 20  # of either end a twentieth may differ
            ordered = np.sort(mine)
            if int(ordered[-1 - few]) - int(ordered[few]) >= _DYNAMIC_VELOCITIES:
                return True
    return False
