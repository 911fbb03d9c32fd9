"""Voice leading: where two parts move in parallel fifths, octaves or unisons, and where they cross.

A track counts as the parts of its highest and its lowest note, which are one where it has no
chords: what lies between them is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.types import BoolArray, NoteArray

BREAK_STEPS = STEPS_PER_QUARTER
"""A rest from this long on breaks a part: it moves from no note to the next."""

PERFECT = {0: "octave", 7: "fifth"}
"""Intervals that must not be parallel, in semitones up to whole octaves; a unison is an octave."""


class Step(NamedTuple):
    """A part goes from one note to another; all are indices of notes."""

    before: int
    after: int


class Parallel(NamedTuple):
    """Two parts that keep a perfect interval while both move."""

    onset_steps: int
    tracks: tuple[int, int]
    interval: str
    notes: tuple[int, int, int, int]
    """Indices: the first track's two notes, then the second's."""


def parallels(notes: NoteArray, tracks: Sequence[int]) -> list[Parallel]:
    """All parallels between some tracks, in order of time.

    Parameters
    ----------
    notes : of a piece.
    tracks : those with pitches; others are not looked at.
    """
    moves: dict[int, list[tuple[int, Step]]] = {}
    for track in tracks:
        for onset, steps in _steps(notes, np.flatnonzero(notes["track"] == track)).items():
            moves.setdefault(onset, []).extend((track, step) for step in steps)
    pitch = notes["pitch_midi"].astype(int)
    found = []
    for onset in sorted(moves):
        for (track, one), (other, two) in combinations(moves[onset], 2):
            before = abs(pitch[one.before] - pitch[two.before]) % 12
            after = abs(pitch[one.after] - pitch[two.after]) % 12
            if track != other and before == after and after in PERFECT:
                both = (one.before, one.after, two.before, two.after)
                found.append(Parallel(onset, (track, other), PERFECT[int(after)], both))
    return found


def _steps(notes: NoteArray, mine: npt.NDArray[np.intp]) -> dict[int, set[Step]]:
    """By onset, how the highest and the lowest note of a track move there."""
    found: dict[int, set[Step]] = {}
    pitch = notes["pitch_midi"]
    last: tuple[int, int] | None = None
    sounds_until = 0
    for onset, sounding in _chords(notes, mine):
        outer = max(sounding, key=lambda i: pitch[i]), min(sounding, key=lambda i: pitch[i])
        if last is not None and onset - sounds_until < BREAK_STEPS:
            found[onset] = {
                Step(before, after)
                for before, after in zip(last, outer, strict=True)
                if notes["onset_steps"][after] == onset and pitch[before] != pitch[after]
            }
        last = outer
        sounds_until = max(sounds_until, *(_end(notes, i) for i in sounding))
    return found


def _chords(notes: NoteArray, mine: npt.NDArray[np.intp]) -> Iterable[tuple[int, list[int]]]:
    """Each onset of a track with the notes that sound then, those that begin included."""
    by_onset = mine[np.argsort(notes["onset_steps"][mine], kind="stable")]
    onsets, firsts = np.unique(notes["onset_steps"][by_onset], return_index=True)
    sounding: list[int] = []
    for onset, group in zip(onsets.tolist(), np.split(by_onset, firsts[1:])):
        sounding = [i for i in sounding if _end(notes, i) > onset] + group.tolist()
        yield onset, sounding


def _end(notes: NoteArray, i: int) -> int:
    return int(notes["onset_steps"][i]) + int(notes["duration_steps"][i])


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
