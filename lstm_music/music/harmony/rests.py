"""Where all parts come to rest, and whether the chords there stand on their root."""

from __future__ import annotations

from itertools import pairwise
from operator import add

from lstm_music.music.meter import BarLines
from lstm_music.music.piece import Piece, pitched_notes

REST_BEATS = 1.5
"""All parts are at rest where no note begins for so many beats."""

LEAST_PARTS = 3
"""Fewer notes make no chord."""

_TRIADS = ({0, 4, 7}, {0, 3, 7})
_FIFTH, _OCTAVE = 7, 12


def chords_at_rest(piece: Piece) -> list[tuple[int, bool]]:
    """Onset of each chord at rest, and whether it is a major or minor triad on its root.

    A chord at rest has at least three notes, and no pitched note begins for 1.5 beats or more
    after it; the last one has to sound for so long. Its fifth may be missing.
    """
    notes = pitched_notes(piece)
    begin, pitches = notes["onset_steps"].tolist(), notes["pitch_midi"].tolist()
    end = list(map(add, begin, notes["duration_steps"].tolist()))
    found = []
    for onset in _rests(piece.bar_lines, begin, end):
        chord = [p for a, b, p in zip(begin, end, pitches, strict=True) if a <= onset < b]
        if len(chord) >= LEAST_PARTS:
            found.append((onset, _is_on_its_root(chord)))
    return found


def _rests(lines: BarLines, begin: list[int], end: list[int]) -> list[int]:
    """Onsets after which nothing begins for `REST_BEATS`."""
    onsets = list(dict.fromkeys(begin))
    return [
        onset
        for onset, after in pairwise([*onsets, max(end, default=0)])
        if after - onset >= REST_BEATS * lines.meter_at(onset).beat_steps
    ]


def _is_on_its_root(pitches: list[int]) -> bool:
    bass = min(pitches)
    over_bass = {(pitch - bass) % _OCTAVE for pitch in pitches}
    return any(over_bass in (triad, triad - {_FIFTH}) for triad in _TRIADS)
