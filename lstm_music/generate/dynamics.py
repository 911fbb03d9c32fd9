"""Loudness by rule, for a network that has never heard any: a seed's accents go on.

Most free scores have one velocity throughout. A network trained on them is thrown by a seed with
accents and cannot make any; so it hears the seed at an even loudness, and what it composes gets
the loudness that the seed's track has, on average, at the same place in the bar.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import Piece

_Notes = npt.NDArray[np.void]


def even_velocities(piece: Piece) -> Piece:
    """Every pitched track at its median velocity; drums as they are."""
    notes = piece.notes.copy()
    for track in range(len(piece.tracks)):
        mine = notes["track"] == track
        if mine.any() and not piece.tracks[track].is_drum:
            notes["velocity"][mine] = round(float(np.median(notes["velocity"][mine])))
    return piece.replace(notes=notes)


class Accents:
    """How loud a seed's pitched tracks are at each place in the bar, to be given to new notes.

    The velocity is the mean over the seed's notes of that track at the same distance from the bar
    line, in bars of the same length; where there are none, the track's median.
    """

    def __init__(self, seed: Piece) -> None:
        self._seed = seed
        self._at: dict[tuple[int, int, int], list[int]] = {}
        for note, place in zip(seed.notes, _places(seed, seed.notes)):
            self._at.setdefault(place, []).append(int(note["velocity"]))
        self._medians = {
            int(track): float(np.median(seed.notes["velocity"][seed.notes["track"] == track]))
            for track in np.unique(seed.notes["track"])
            if not seed.tracks[track].is_drum
        }

    def given_to(self, notes: _Notes) -> _Notes:
        """A copy of ``notes`` (NOTE_DTYPE), accented; drums and unknown tracks as they are."""
        accented = notes.copy()
        for i, place in enumerate(_places(self._seed, notes)):
            if place[0] in self._medians:
                heard = self._at.get(place)
                velocity = np.mean(heard) if heard else self._medians[place[0]]
                accented["velocity"][i] = round(float(velocity))
        return accented


def _places(seed: Piece, notes: _Notes) -> list[tuple[int, int, int]]:
    """(track, steps from the bar line, steps of the bar) of each note, in the seed's meters."""
    lines = seed.bar_lines
    places = []
    for onset, track in zip(notes["onset_steps"].tolist(), notes["track"].tolist()):
        bar_steps = lines.meter_at(onset).bar_steps
        places.append((track, onset - lines.bar_start(onset), bar_steps))
    return places
