"""Where all parts come to rest, and whether the chords there stand on their root."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import Piece, pitched_notes

REST_BEATS = 1.5
"""All parts are at rest where no note begins for so many beats."""

LEAST_PARTS = 3
"""Fewer notes make no chord."""

_TRIADS = ({0, 4, 7}, {0, 3, 7})
_FIFTH, _OCTAVE = 7, 12

_Ints = npt.NDArray[np.int64]


def chords_at_rest(piece: Piece) -> list[tuple[int, bool]]:
    """Onset of each chord at rest, and whether it is a major or minor triad on its root.

    A chord at rest has at least three notes, and no pitched note begins for 1.5 beats or more
    after it; the last one has to sound for so long. Its fifth may be missing.
    """
    notes = pitched_notes(piece)
    begin = notes["onset_steps"].astype(np.int64)
    end = begin + notes["duration_steps"]
    found = []
    for onset in _rests(piece, begin, end):
        pitches = notes["pitch_midi"][(begin <= onset) & (onset < end)].astype(np.int64)
        if len(pitches) >= LEAST_PARTS:
            found.append((onset, _is_on_its_root(pitches)))
    return found


def _rests(piece: Piece, begin: _Ints, end: _Ints) -> list[int]:
    """Onsets after which nothing begins for `REST_BEATS`."""
    onsets = np.unique(begin)
    waits = np.diff(np.append(onsets, end.max(initial=0)))
    lines = piece.bar_lines
    return [
        onset
        for onset, wait in zip(onsets.tolist(), waits.tolist(), strict=True)
        if wait >= REST_BEATS * lines.meter_at(onset).beat_steps
    ]


def _is_on_its_root(pitches: _Ints) -> bool:
    over_bass = set(((pitches - pitches.min()) % _OCTAVE).tolist())
    return any(over_bass in (triad, triad - {_FIFTH}) for triad in _TRIADS)
