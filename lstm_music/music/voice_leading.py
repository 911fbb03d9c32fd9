"""Voice leading: where two parts move in parallel fifths, octaves or unisons, and where they cross.

A track counts as the parts of its highest and its lowest note, which are one where it has no
chords: what lies between them is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, groupby
from operator import add
from typing import NamedTuple

import numpy as np

from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.types import BoolArray, NoteArray

BREAK_STEPS = STEPS_PER_QUARTER
"""A rest from this long on breaks a part: it moves from no note to the next."""

PERFECT = {0: "octave", 7: "fifth"}
"""Intervals that must not be parallel, in semitones up to whole octaves; a unison is an octave."""


Step = tuple[int, int]
"""A part goes from one note to another: their indices."""


class Parallel(NamedTuple):
    """Two parts that keep a perfect interval while both move."""

    onset_steps: int
    tracks: tuple[int, int]
    interval: str
    notes: tuple[int, int, int, int]
    """Indices: the first track's two notes, then the second's."""


class _Columns(NamedTuple):
    """Notes, as plain lists: a loop over single notes is slow in an array."""

    onsets: list[int]
    ends: list[int]
    pitches: list[int]


def parallels(notes: NoteArray, tracks: Sequence[int]) -> list[Parallel]:
    """All parallels between some tracks, in order of time.

    Parameters
    ----------
    notes : of a piece.
    tracks : those with pitches; others are not looked at.
    """
    onsets, pitch = notes["onset_steps"].tolist(), notes["pitch_midi"].tolist()
    ends = list(map(add, onsets, notes["duration_steps"].tolist()))
    moves: dict[int, list[tuple[int, Step]]] = {}
    for track in tracks:
        mine = np.flatnonzero(notes["track"] == track).tolist()
        for onset, steps in _steps(_Columns(onsets, ends, pitch), mine).items():
            moves.setdefault(onset, []).extend((track, step) for step in steps)
    found = []
    for onset in sorted(moves):
        for (track, (a1, a2)), (other, (b1, b2)) in combinations(moves[onset], 2):
            after = abs(pitch[a2] - pitch[b2]) % 12
            is_parallel = after in PERFECT and after == abs(pitch[a1] - pitch[b1]) % 12
            if is_parallel and track != other:
                both = (a1, a2, b1, b2)
                found.append(Parallel(onset, (track, other), PERFECT[after], both))
    return found


def _steps(notes: _Columns, mine: list[int]) -> dict[int, set[Step]]:
    """By onset, how the highest and the lowest note of a track move there."""
    found: dict[int, set[Step]] = {}
    pitch, pitch_of = notes.pitches, notes.pitches.__getitem__
    last: tuple[int, int] | None = None
    sounds_until = 0
    for onset, sounding in _chords(notes, mine):
        outer = max(sounding, key=pitch_of), min(sounding, key=pitch_of)
        if last is not None and onset - sounds_until < BREAK_STEPS:
            found[onset] = {
                (before, after)
                for before, after in zip(last, outer, strict=True)
                if notes.onsets[after] == onset and pitch[before] != pitch[after]
            }
        last = outer
        sounds_until = max(sounds_until, *[notes.ends[i] for i in sounding])
    return found


def _chords(notes: _Columns, mine: list[int]) -> Iterable[tuple[int, list[int]]]:
    """Each onset of a track with the notes that sound then, those that begin included."""
    onset_of = notes.onsets.__getitem__
    sounding: list[int] = []
    for onset, group in groupby(sorted(mine, key=onset_of), key=onset_of):
        sounding = [i for i in sounding if notes.ends[i] > onset] + list(group)
        yield onset, sounding


def crossings(notes: NoteArray, upper: int, lower: int) -> list[tuple[int, int]]:
    """Where a note of one track sounds together with a higher one of a track that lies below it.

    Returns
    -------
    pairs : indices of the two notes, the upper track's first; each pair of notes once.
    """
    mine = [np.flatnonzero(notes["track"] == track) for track in (upper, lower)]
    found: list[tuple[int, int]] = []
    if not len(mine[1]):
        return found
    onset, pitch = notes["onset_steps"].astype(int), notes["pitch_midi"].astype(int)
    end = onset + notes["duration_steps"]
    for i in mine[0].tolist():
        together = (onset[mine[1]] < end[i]) & (end[mine[1]] > onset[i])
        found += [(i, int(j)) for j in mine[1][together & (pitch[mine[1]] > pitch[i])]]
    return found


def is_among(indices: Iterable[int], chosen: BoolArray) -> bool:
    """Whether one of some notes is chosen."""
    return any(bool(chosen[i]) for i in indices)
