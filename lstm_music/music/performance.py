"""How far a piece is a performance and not a score, and the lengths that its notes would have in
a score.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.music.distinct import distinct, is_among
from lstm_music.music.grid import STEPS_PER_QUARTER, on_score_grid
from lstm_music.music.piece import Piece
from lstm_music.types import BoolArray, NoteArray

_LOUDER = 4  # of 127; less is no change of loudness

_SHORT = (3, 4, 6, 8, 9, 12, 16, 18, 32, 36, 42)
"""In steps, with the multiples of a quarter note: from a 32nd to a double-dotted quarter note."""

_VALUES = (4, 6, 8, 12, 16, 18, 32, 36)
"""Those of them that a played length may be rounded to."""

_LEGATO = (0.6, 1.25)
"""A note that lasts so much of the time to the next onset of its track is written to reach it."""

_NEAR = 0.25
"""One that ends within so much of its length of an onset of any track is written to end there."""


class Manner(NamedTuple):
    """How a piece is played. All of these are near 0 in most scores; NaN where there is nothing.

    Parameters
    ----------
    onsets : share of the notes that begin on no 32nd and no sextuplet.
    loudness : share of the notes of pitched tracks that are louder or softer than the one before.
    pedal : share of the pedal's changes at which no note begins.
    tempo : changes of tempo, a bar.
    lengths : share of the notes of pitched tracks whose length no score would have: neither a
        usual note value nor up to the next onset of the track.
    """

    onsets: float
    loudness: float
    pedal: float
    tempo: float
    lengths: float


def manner_of(piece: Piece) -> Manner:
    """How a piece is played."""
    nan = float("nan")
    changes, odd = [], []
    for notes in _pitched_tracks(piece):
        changes.append(np.abs(np.diff(notes["velocity"].astype(int))) >= _LOUDER)
        odd.append(~_is_written(notes))
    onsets = piece.pedal["onset_steps"].astype(np.int64)
    begins = is_among(onsets, piece.notes["onset_steps"].astype(np.int64))
    on_grid = on_score_grid(piece.notes["onset_steps"].astype(np.int64) - piece.pickup_steps)
    n_bars = piece.bar_lines.bar_at(max(piece.end_steps - 1, 0)) + 1
    return Manner(
        1.0 - float(np.mean(on_grid)) if len(on_grid) else nan,
        float(np.mean(np.concatenate(changes))) if sum(map(len, changes)) else nan,
        1.0 - float(np.mean(begins)) if len(onsets) else nan,
        (len(piece.tempos) - 1) / n_bars,
        float(np.mean(np.concatenate(odd))) if odd else nan,
    )


def even_velocities(piece: Piece) -> Piece:
    """Every pitched track at its median velocity; drums as they are."""
    notes = piece.notes.copy()
    for track in range(len(piece.tracks)):
        mine = notes["track"] == track
        if mine.any() and not piece.tracks[track].is_drum:
            notes["velocity"][mine] = round(float(np.median(notes["velocity"][mine])))
    return piece.replace(notes=notes)


def with_written_lengths(piece: Piece, start_steps: int, end_steps: int) -> Piece:
    """The piece with the note lengths of a score.

    A note that nearly reaches the next onset of its track, or another onset of the piece, ends
    there. Others get the nearest note value. Drums are left as they are.

    Parameters
    ----------
    piece : any piece.
    start_steps, end_steps : notes that sound between these are left as they are, and no other note
        is made to.
    """
    notes = piece.notes.copy()
    onsets = notes["onset_steps"].astype(np.int64)
    before = onsets + notes["duration_steps"] <= start_steps
    free = before | (onsets >= end_steps)
    lengths = notes["duration_steps"].astype(np.int64)
    for track in _pitched(piece):
        mine = notes["track"] == track
        lengths[mine] = _written_lengths(notes[mine], distinct(onsets))
    lengths = np.where(before, np.minimum(lengths, start_steps - onsets), lengths)
    notes["duration_steps"][free] = lengths[free]
    return piece.replace(notes=notes)


def _pitched(piece: Piece) -> list[int]:
    return [int(t) for t in distinct(piece.notes["track"]) if not piece.tracks[int(t)].is_drum]


def _pitched_tracks(piece: Piece) -> list[NoteArray]:
    return [piece.notes[piece.notes["track"] == track] for track in _pitched(piece)]


def _to_next_onset(notes: NoteArray) -> npt.NDArray[np.int64]:
    """Steps from each note of a track to the next onset; 0 for those of the last onset."""
    onsets = notes["onset_steps"].astype(np.int64)
    places = np.append(distinct(onsets), onsets[-1])
    return np.asarray(places[np.searchsorted(places[:-1], onsets) + 1] - onsets)


def _is_usual(lengths: npt.NDArray[np.int64]) -> BoolArray:
    return np.asarray((lengths % STEPS_PER_QUARTER == 0) | is_among(lengths, np.array(_SHORT)))


def _is_written(notes: NoteArray) -> BoolArray:
    lengths = notes["duration_steps"].astype(np.int64)
    return np.asarray(_is_usual(lengths) | (lengths == _to_next_onset(notes)))


def _written_lengths(notes: NoteArray, onsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """What the notes of a track would last in a score, in steps; ``onsets``: all of the piece."""
    begins, lengths = (
        notes["onset_steps"].astype(np.int64),
        notes["duration_steps"].astype(np.int64),
    )
    gaps = _to_next_onset(notes)
    least, most = _LEGATO
    is_legato = (lengths > least * gaps) & (lengths < most * gaps)
    after = np.minimum(np.searchsorted(onsets, begins + lengths), len(onsets) - 1)
    around = np.stack([onsets[after], onsets[np.maximum(after - 1, 0)]]) - begins
    to_onset = around[np.argmin(np.abs(around - lengths), axis=0), np.arange(len(notes))]
    is_near = (to_onset > 0) & (np.abs(to_onset - lengths) <= _NEAR * lengths)
    return np.where(is_legato, gaps, np.where(is_near, to_onset, _nearest_value(lengths)))


def _nearest_value(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The nearest note value, by ratio."""
    whole = (
        np.maximum(np.round(lengths / STEPS_PER_QUARTER), 1).astype(np.int64) * STEPS_PER_QUARTER
    )
    short = np.array(_VALUES)
    nearest = short[np.argmin(np.abs(np.log(lengths[:, None] / short)), axis=1)]
    is_whole = np.abs(np.log(lengths / whole)) <= np.abs(np.log(lengths / nearest))
    return np.where(is_whole, whole, nearest)
