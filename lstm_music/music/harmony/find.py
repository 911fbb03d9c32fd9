"""Chords found in the notes: templates matched beat by beat, then the likeliest path.

Exact on every machine: all scores are whole numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

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
_SHARES = 8
"""Weight of what sounds in a slot against the bass and the costs."""
_BASS_COSTS = (0, 150, 150, 200)
"""Cost of each tone of the chord in the bass, root first."""
_OTHER_BASS_COST = 400
_CHANGE_COST, _CHANGE_COST_IN_BAR = 250, 450
"""Cost of a new chord on a bar line, and elsewhere."""


def _tables() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Cost of each pitch class that sounds, and of each in the bass: (12, states) both.

    A state is ``12 * template + root``. Costs are 100 times a negative logarithm.
    """
    tones, basses = [], []
    for semitones, cost in _TEMPLATES.values():
        weights = np.full(12, _OTHER_WEIGHT)
        weights[list(semitones)] = _TONE_WEIGHTS[: len(semitones)]
        bass = np.full(12, _OTHER_BASS_COST)
        bass[list(semitones)] = _BASS_COSTS[: len(semitones)]
        unlikely = np.rint(-100 * np.log(weights / weights.sum()))
        for root in range(12):
            tones.append(np.roll(unlikely, root))
            basses.append(np.roll(bass + cost, root))
    return np.array(tones, np.float64).T.copy(), np.array(basses, np.float64).T.copy()


_TONE_COSTS, _BASS_TABLE = _tables()


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


def _found(
    piece: Piece, slots: SlotKind
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Onset and state (or `NO_CHORD`) of every slot; at least one slot, at 0."""
    heard = sounding(piece, slots)
    if not len(heard.onset_steps):
        return np.zeros(1, np.int64), np.full(1, NO_CHORD)
    into_bar, bar_steps = piece.bar_lines.places(heard.onset_steps)
    change = np.where(into_bar == 0, _CHANGE_COST, _CHANGE_COST_IN_BAR).astype(np.float64)
    states = _cheapest_path(_costs(heard), change)
    silent = heard.bass < 0
    silent[1:] &= heard.length_steps[1:] >= bar_steps[1:]
    return heard.onset_steps, np.where(silent, NO_CHORD, states)


def _costs(heard: Sounding) -> npt.NDArray[np.float64]:
    """What each state costs in each slot, (slots, states), whole numbers; 0 in silence."""
    total = heard.steps.sum(axis=1, keepdims=True)
    shares = np.rint(heard.steps * _SHARES * 16 / np.maximum(total, 1))
    costs = np.floor(shares @ _TONE_COSTS / 16)
    costs += np.where(heard.bass[:, None] < 0, 0, _BASS_TABLE[heard.bass])
    return np.asarray(costs)


def _cheapest_path(
    costs: npt.NDArray[np.float64], change: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """The path of least cost (Viterbi 1967); all changes into a slot cost the same.

    Parameters
    ----------
    costs : (slots, states), whole numbers; overwritten by the cost of the best path to each.
    change : (slots,): cost of another state than in the slot before.
    """
    least = float(costs[0].min())
    arrive = np.empty(len(costs))
    for row, before, price, t in zip(
        costs[1:], costs[:-1], change[1:].tolist(), range(1, len(costs)), strict=True
    ):
        arrive[t] = least + price
        row += np.minimum(before, arrive[t])
        least = float(np.minimum.reduce(row))
    best = costs.argmin(axis=1)
    path = np.empty(len(costs), np.int64)
    path[-1] = state = best[-1]
    for t in range(len(costs) - 1, 0, -1):
        if costs[t - 1, state] > arrive[t]:
            state = best[t - 1]
        path[t - 1] = state
    return path
