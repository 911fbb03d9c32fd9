"""Chords found in the notes: templates matched beat by beat, then the likeliest path.

Exact on every machine: all scores are whole numbers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.music.harmony.chord import Chord
from lstm_music.music.harmony.path import cheapest_path
from lstm_music.music.harmony.slots import SlotKind, Sounding, sounding
from lstm_music.music.harmony.track import ChordTrack
from lstm_music.music.piece import Piece

QUALITIES = ("maj", "min", "dim", "aug", "7", "maj7", "m7", "m7b5", "sus4")
"""What `chord_rows` tells apart. It counts 6 as "maj", m6 as "min" and dim7 as "dim"."""

NO_CHORD = -1
"""Root and quality where there is no chord."""

# Quality: semitones over the root, which of `QUALITIES` it counts as, and what it costs to prefer
# it to a plain triad. Costs are 100 times a negative logarithm. They were set by hand, then
# compared on the chorales and lead sheets that docs/harmony.md names.
_TEMPLATES = {
    "maj": ((0, 4, 7), "maj", 0),
    "min": ((0, 3, 7), "min", 0),
    "dim": ((0, 3, 6), "dim", 150),
    "aug": ((0, 4, 8), "aug", 250),
    "7": ((0, 4, 7, 10), "7", 50),
    "maj7": ((0, 4, 7, 11), "maj7", 100),
    "m7": ((0, 3, 7, 10), "m7", 80),
    "m7b5": ((0, 3, 6, 10), "m7b5", 120),
    "sus4": ((0, 5, 7), "sus4", 150),
    "dim7": ((0, 3, 6, 9), "dim", 120),
    "6": ((0, 4, 7, 9), "maj", 150),
    "m6": ((0, 3, 7, 9), "min", 190),
}
FOUND_QUALITIES = tuple(_TEMPLATES)
"""What `find_chords` tells apart: all of these are qualities of `chord.QUALITY_TONES`."""

_COUNTS_AS = np.array([QUALITIES.index(counted) for _, counted, _ in _TEMPLATES.values()])

_TONE_WEIGHTS = (1.0, 1.0, 0.8, 0.7)
"""How often the root, third, fifth and last tone of a chord sound, against the root."""
_OTHER_WEIGHT = 0.05
"""How often any one other pitch class sounds, against the root."""
_SHARES = 128
"""What sounds in a slot is divided into so many shares."""
_BASS_WEIGHT = 16
"""What the bass and a change count against one share of what sounds."""
_BASS_COSTS = (0, 120, 120, 170)
"""Cost of each tone of the chord in the bass, root first."""
_OTHER_BASS_COST = 320
_CHANGE_COST, _CHANGE_COST_IN_BAR = 150, 300
"""Cost of a new chord on a bar line, and elsewhere."""


def _cost_table() -> npt.NDArray[np.float64]:
    """Cost of each pitch class that sounds (rows 0..11) and in the bass (12..23): (24, states).

    A state is ``12 * template + root``.
    """
    states = []
    for semitones, _, cost in _TEMPLATES.values():
        weights = np.full(12, _OTHER_WEIGHT)
        weights[list(semitones)] = _TONE_WEIGHTS[: len(semitones)]
        tones = np.rint(-100 * np.log(weights / weights.sum()))
        bass = np.full(12, float(_OTHER_BASS_COST))
        bass[list(semitones)] = _BASS_COSTS[: len(semitones)]
        states += [np.concatenate([np.roll(tones, r), np.roll(bass + cost, r)]) for r in range(12)]
    return np.ascontiguousarray(np.array(states).T)


_COST_TABLE = _cost_table()


class ChordRows(NamedTuple):
    """The chords of a piece, one row for each that differs from the one before."""

    onset_steps: npt.NDArray[np.int64]
    """(N,) int64, rising, the first 0: where the chord begins."""
    root: npt.NDArray[np.int8]
    """(N,) int8, 0 = C .. 11, or -1: no chord."""
    quality: npt.NDArray[np.int8]
    """(N,) int8: a place in `QUALITIES`, or -1: no chord."""


def chord_rows(piece: Piece, slots: SlotKind = "beat") -> ChordRows:
    """The chords of a piece, found from its pitched notes.

    Each slot's notes, weighted by how long they sound, and its bass are matched with the chords
    of `FOUND_QUALITIES`; a path through the slots pays for every change, less on a bar line. A
    rest keeps the chord before it; silent slots that together last a bar or more, and those before
    the first note, have none. The sustain pedal is not listened to.

    Parameters
    ----------
    piece : any piece; one without pitched notes has one row, without a chord.
    slots : where a chord may change: at every beat, half bar or bar.

    Raises
    ------
    ConfigError : no such slots.

    Examples
    --------
    >>> from lstm_music.music.piece import Track, make_notes
    >>> chord = make_notes([(0, 96, pitch, 80, 0) for pitch in (50, 57, 62, 65)])
    >>> rows = chord_rows(Piece(notes=chord, tracks=(Track(),)))
    >>> rows.root.tolist(), [QUALITIES[q] for q in rows.quality]
    ([2], ['min'])
    """
    onsets, states = _found(piece, slots)
    silent = states == NO_CHORD
    root = np.where(silent, NO_CHORD, states % 12).astype(np.int8)
    quality = np.where(silent, NO_CHORD, _COUNTS_AS[states // 12]).astype(np.int8)
    new = _differ(root) | _differ(quality)
    return ChordRows(onsets[new], root[new], quality[new])


def find_chords(piece: Piece, slots: SlotKind = "beat") -> ChordTrack:
    """The chords of a piece, found as by `chord_rows`; these tell `FOUND_QUALITIES` apart.

    Each chord stands on its root: inversions are not told. The track ends with the piece's last
    bar.

    Raises
    ------
    ConfigError : no such slots.

    Examples
    --------
    >>> from lstm_music.music.piece import Track, make_notes
    >>> chord = make_notes([(0, 96, pitch, 80, 0) for pitch in (48, 64, 67, 69)])
    >>> str(find_chords(Piece(notes=chord, tracks=(Track(),))))
    'C6'
    """
    onsets, states = _found(piece, slots)
    new = _differ(states)
    chords = [
        None if state == NO_CHORD else Chord.named(state % 12, FOUND_QUALITIES[state // 12])
        for state in states[new].tolist()
    ]
    end = piece.bar_lines.bar_end(max(piece.end_steps - 1, 0))
    return ChordTrack(tuple(onsets[new].tolist()), tuple(chords), end)


def _differ(values: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.bool_]:
    """Which values differ from the one before; the first does."""
    return np.concatenate([[True], values[1:] != values[:-1]])


def _found(piece: Piece, slots: SlotKind) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Onset and state (or `NO_CHORD`) of every slot; at least one slot, at 0."""
    heard = sounding(piece, slots)
    if not len(heard.onset_steps):
        return np.zeros(1, np.int64), np.full(1, NO_CHORD)
    into_bar, bar_steps = piece.bar_lines.places(heard.onset_steps)
    change = _BASS_WEIGHT * np.where(into_bar == 0, _CHANGE_COST, _CHANGE_COST_IN_BAR)
    states = cheapest_path(_evidence(heard), _COST_TABLE, change.astype(np.float64))
    silent = heard.bass < 0
    silent[1:] &= heard.length_steps[1:] >= bar_steps[1:]
    return heard.onset_steps, np.where(silent, NO_CHORD, states)


def _evidence(heard: Sounding) -> npt.NDArray[np.float64]:
    """Shares of each pitch class, then the weight of each as the bass: (stretches, 24), whole."""
    evidence = np.zeros((len(heard.bass), 24))
    total = heard.steps.sum(axis=1, keepdims=True)
    evidence[:, :12] = np.rint(heard.steps * _SHARES / np.maximum(total, 1))
    (sounds,) = np.nonzero(heard.bass >= 0)
    evidence[sounds, 12 + heard.bass[sounds]] = _BASS_WEIGHT
    return evidence * heard.slots[:, None]
