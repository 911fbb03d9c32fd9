"""Voice leading: what a teacher of harmony would mark.

Parts are the pitched tracks, of each the highest note at every onset. In music for bands and
orchestras parts double each other on purpose; in four-part writing they may not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from lstm_music.evaluate.parts import Part, parts_of
from lstm_music.music.piece import Piece, pitched_notes

REST_BEATS = 1.5
"""All parts are at rest where no note begins for so many beats."""

KINDS = ("fifths", "octaves", "unisons")

_FIFTH, _OCTAVE = 7, 12
_TRIADS = ({0, 4, 7}, {0, 3, 7})
_LEAST_NOTES_OF_A_CHORD = 3

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Parallels:
    """How often two parts move together from one perfect interval to the next of its kind.

    Parameters
    ----------
    fifths, octaves, unisons : how many, over all pairs of parts; compound ones count (a twelfth is
        a fifth, two octaves are an octave).
    n_notes : pitched notes of the piece.
    """

    fifths: int
    octaves: int
    unisons: int
    n_notes: int

    def per_100_notes(self, kind: str) -> float:
        """``"fifths"``, ``"octaves"`` or ``"unisons"`` for each 100 notes."""
        return 100.0 * float(getattr(self, kind)) / self.n_notes


def parallels(piece: Piece) -> Parallels | None:
    """Count parallel fifths, octaves and unisons; None without two parts.

    Two parts make one where both begin a note at the same time, both have moved in the same
    direction, and the two pitches that sounded just before were as far apart: where one part had
    several notes meanwhile, its last. A part that was silent then makes none.

    Examples
    --------
    >>> from lstm_music.music.piece import Track, make_notes
    >>> rows = [(0, 24, 60, 80, 0), (0, 24, 67, 80, 1), (24, 24, 62, 80, 0), (24, 24, 69, 80, 1)]
    >>> parallels(Piece(notes=make_notes(rows), tracks=(Track(), Track())))
    Parallels(fifths=1, octaves=0, unisons=0, n_notes=4)
    """
    parts = parts_of(piece)
    if len(parts) < 2:
        return None
    counts = [_parallels_of(a, b) for a, b in combinations(parts, 2)]
    fifths, octaves, unisons = (sum(column) for column in zip(*counts, strict=True))
    return Parallels(fifths, octaves, unisons, len(pitched_notes(piece)))


def parallel_rates(piece: Piece) -> dict[str, float | None]:
    """Parallel "fifths", "octaves" and "unisons" for each 100 notes; None without two parts."""
    found = parallels(piece)
    return {kind: found.per_100_notes(kind) if found else None for kind in KINDS}


def _parallels_of(a: Part, b: Part) -> tuple[int, int, int]:
    """Fifths, octaves and unisons of two parts."""
    _, in_a, in_b = np.intersect1d(a.onset_steps, b.onset_steps, return_indices=True)
    have_before = (in_a > 0) & (in_b > 0)
    in_a, in_b = in_a[have_before], in_b[have_before]
    a1, b1 = a.pitch_midi[in_a - 1], b.pitch_midi[in_b - 1]
    a2, b2 = a.pitch_midi[in_a], b.pitch_midi[in_b]
    just_before = np.maximum(a.onset_steps[in_a - 1], b.onset_steps[in_b - 1])
    both_sound = (a.end_steps[in_a - 1] > just_before) & (b.end_steps[in_b - 1] > just_before)
    moved = both_sound & ((a2 - a1) * (b2 - b1) > 0)
    before, after = np.abs(a1 - b1), np.abs(a2 - b2)
    fifths = moved & (before % _OCTAVE == _FIFTH) & (after % _OCTAVE == _FIFTH)
    unisons = moved & (before == 0) & (after == 0)
    octaves = moved & (before % _OCTAVE == 0) & (after % _OCTAVE == 0) & ~unisons
    return int(fifths.sum()), int(octaves.sum()), int(unisons.sum())


def root_position_at_rest(piece: Piece) -> float | None:
    """Share of the chords at rest, 0..1, that are major or minor triads on their root.

    A chord at rest has at least three notes, and no pitched note begins for 1.5 beats or more
    after it; the last one has to sound for so long. Its fifth may be missing. None without any.
    """
    notes = pitched_notes(piece)
    begin = notes["onset_steps"].astype(np.int64)
    end = begin + notes["duration_steps"]
    found = []
    for onset in _rests(piece, begin, end):
        pitches = notes["pitch_midi"][(begin <= onset) & (onset < end)].astype(np.int64)
        if len(pitches) >= _LEAST_NOTES_OF_A_CHORD:
            found.append(_is_on_its_root(pitches))
    return sum(found) / len(found) if found else None


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
