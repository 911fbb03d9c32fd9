"""Chords found in the notes: templates matched beat by beat, then the likeliest path.

Exact on every machine: all scores are whole numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.music.harmony.path import cheapest_path
from lstm_music.music.harmony.slots import SlotKind, Sounding, sounding
from lstm_music.music.piece import Piece

QUALITIES = ("maj", "min", "dim", "aug", "7", "maj7", "m7", "m7b5", "sus4")
"""What `chord_rows` tells apart; a diminished seventh chord counts as "dim"."""

NO_CHORD = -1

# Quality: semitones over the root, and what it costs to prefer it to a plain triad.
_TEMPLATES = {
    "maj": ((0, 4, 7), 0),
    "min": ((0, 3, 7), 0),
    "dim": ((0, 3, 6), 150),
    "aug": ((0, 4, 8), 250),
    "7": ((0, 4, 7, 10), 50),
    "maj7": ((0, 4, 7, 11), 100),
    "m7": ((0, 3, 7, 10), 80),
    "m7b5": ((0, 3, 6, 10), 120),
    "sus4": ((0, 5, 7), 150),
    "dim7": ((0, 3, 6, 9), 120),
}
FOUND_QUALITIES = tuple(_TEMPLATES)
"""What `find_chords` tells apart: `QUALITIES` and "dim7"."""

_TONE_WEIGHTS = (1.0, 1.0, 0.8, 0.7)
"""How often the root, third, fifth and seventh sound, each against the root."""
_OTHER_WEIGHT = 0.08
"""How often any one other pitch class sounds, against the root."""
_SHARES = 128
"""What sounds in a slot is divided into so many shares."""
_BASS_WEIGHT = 16
"""What the bass and a change count against one share of what sounds."""
_BASS_COSTS = (0, 150, 150, 200)
"""Cost of each tone of the chord in the bass, root first."""
_OTHER_BASS_COST = 400
_CHANGE_COST, _CHANGE_COST_IN_BAR = 250, 450
"""Cost of a new chord on a bar line, and elsewhere."""


def _cost_table() -> npt.NDArray[np.float64]:
    """Cost of each pitch class that sounds (rows 0..11) and in the bass (12..23): (24, states).

    A state is ``12 * template + root``. Costs are 100 times a negative logarithm, rounded.
    """
    states = []
    for semitones, cost in _TEMPLATES.values():
        weights = np.full(12, _OTHER_WEIGHT)
        weights[list(semitones)] = _TONE_WEIGHTS[: len(semitones)]
        tones = np.rint(-100 * np.log(weights / weights.sum()))
        bass = np.full(12, float(_OTHER_BASS_COST))
        bass[list(semitones)] = _BASS_COSTS[: len(semitones)]
        for root in range(12):
            states.append(np.concatenate([np.roll(tones, root), np.roll(bass + cost, root)]))
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
    rest keeps the chord before it; silence of a bar or more, and a rest before the first note,
    have none. The sustain pedal is not listened to.

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
    template = np.where(states < 0, NO_CHORD, states // 12)
    template[template == FOUND_QUALITIES.index("dim7")] = QUALITIES.index("dim")
    root = np.where(states < 0, NO_CHORD, states % 12)
    new = np.ones(len(onsets), bool)
    new[1:] = (np.diff(template) != 0) | (np.diff(root) != 0)
    return ChordRows(onsets[new], root[new].astype(np.int8), template[new].astype(np.int8))


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
    """Shares of each pitch class, then the weight of each as the bass: (slots, 24), whole."""
    evidence = np.zeros((len(heard.bass), 24))
    total = heard.steps.sum(axis=1, keepdims=True)
    evidence[:, :12] = np.rint(heard.steps * _SHARES / np.maximum(total, 1))
    (sounds,) = np.nonzero(heard.bass >= 0)
    evidence[sounds, 12 + heard.bass[sounds]] = _BASS_WEIGHT
    return evidence
