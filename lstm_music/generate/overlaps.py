"""New notes beside others of the same key: given ones, and new ones of another hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import Piece
from lstm_music.types import BoolArray, NoteArray

_LATE_STEPS = 3
"""A key that a given note holds only so long is struck anew when it is free."""

Keyboards = npt.NDArray[np.int64]


def keyboards_of(piece: Piece) -> Keyboards:
    """A number for the keyboard of each track, (tracks,).

    Tracks of a file that play on one channel with one sound share a keyboard: what ends a note of
    the one ends that of the other.
    """
    instruments = () if piece.original is None else piece.original.instruments
    places = [one._replace(mtrk=0) for one in instruments[: len(piece.tracks)]]
    shared = [places.index(place) for place in places]
    return np.array([*shared, *range(len(shared), len(piece.tracks))], np.int64)


def clear_of(notes: NoteArray, given: NoteArray, keyboards: Keyboards | None = None) -> NoteArray:
    """New notes that overlap no given note of their keyboard and pitch.

    The network reads a performance in the lengths of a score. So a key may be held a little longer
    than it was told: a new note there begins late. One that begins while the key is held for longer
    is left out. One that lasts until a given note begins ends there.

    Parameters
    ----------
    notes, given : (N,), (M,) NOTE_DTYPE.
    keyboards : of each track (`keyboards_of`); None: each has its own.
    """
    clear, stays = _cleared(notes, given, keyboards)
    return clear[stays]


def with_old_pitches(
    notes: NoteArray, pitches: npt.NDArray[np.uint8], given: NoteArray, keyboards: Keyboards
) -> tuple[NoteArray, BoolArray]:
    """The notes of a rhythm that is kept: one whose key is held there, or struck by another hand,
    keeps its old pitch.

    Of music that was played, steps tell where notes end to half a step: a key must be free for a
    step more.

    Parameters
    ----------
    notes : (N,) NOTE_DTYPE, with new pitches.
    pitches : (N,) their old ones.
    given : (M,) NOTE_DTYPE.
    keyboards : of each track (`keyboards_of`).

    Returns
    -------
    notes : (N,).
    is_old : (N,) which have their old pitches.
    """
    kept, is_old = notes.copy(), np.zeros(len(notes), bool)
    is_played = bool(notes["timing_96ths"].any() or given["timing_96ths"].any())
    while True:
        new = np.flatnonzero(~is_old)
        others = np.concatenate([given, kept[is_old]])
        others["onset_steps"] -= is_played
        others["duration_steps"] += 2 * is_played
        clear, stays = _cleared(kept[new], others, keyboards)
        strokes = _keys(kept[new], keyboards) << 32 | kept[new]["onset_steps"]
        is_first = np.zeros(len(new), bool)
        is_first[np.unique(strokes, return_index=True)[1]] = True
        failing = new[~stays | (clear != kept[new]) | ~is_first]
        if not len(failing):
            return kept, is_old
        is_old[failing] = True
        kept["pitch_midi"][failing] = pitches[failing]


def _cleared(
    notes: NoteArray, given: NoteArray, keyboards: Keyboards | None
) -> tuple[NoteArray, BoolArray]:
    """The notes as of `clear_of`, and which of them are not left out."""
    if not len(notes):
        return notes, np.zeros(0, bool)
    ends = given["onset_steps"].astype(np.int64) + given["duration_steps"]
    last = int((notes["onset_steps"].astype(np.int64) + notes["duration_steps"]).max())
    near = (ends > int(notes["onset_steps"].min())) & (given["onset_steps"] < last)
    given, ends = given[near], ends[near]
    clear, stays = notes.copy(), np.ones(len(notes), bool)
    keys, theirs = _keys(notes, keyboards), _keys(given, keyboards)
    for i, note in enumerate(notes):
        same = theirs == keys[i]
        if not same.any():
            continue
        begins, frees = given["onset_steps"][same].astype(np.int64), ends[same]
        begin, end = int(note["onset_steps"]), int(note["onset_steps"] + note["duration_steps"])
        free = int(frees[(begins <= begin) & (frees > begin)].max(initial=begin))
        end = int(begins[begins > begin].min(initial=end))
        stays[i] = free - begin <= _LATE_STEPS and free < end
        clear["onset_steps"][i], clear["duration_steps"][i] = free, max(end - free, 1)
    return clear, stays


def without_unisons(
    notes: NoteArray, keyboards: Keyboards, struck: set[tuple[int, int]] | None = None
) -> NoteArray:
    """The notes without those that strike a key a second time at one onset: of two hands that meet
    on a key one plays it, as long as the longer of the two.

    Parameters
    ----------
    notes : (N,) NOTE_DTYPE, new.
    keyboards : of each track (`keyboards_of`).
    struck : keys and onsets of earlier notes, to which those of these are added; None: of none.
    """
    struck = set() if struck is None else struck
    stays, kept = np.ones(len(notes), bool), notes.copy()
    first: dict[tuple[int, int], int] = {}
    keys = _keys(notes, keyboards).tolist()
    for i, stroke in enumerate(zip(keys, notes["onset_steps"].tolist())):
        if stroke in first:
            lasting = max(kept["duration_steps"][first[stroke]], notes["duration_steps"][i])
            kept["duration_steps"][first[stroke]] = lasting
        stays[i] = stroke not in struck
        first.setdefault(stroke, i)
        struck.add(stroke)
    return kept[stays]


def _keys(notes: NoteArray, keyboards: Keyboards | None) -> npt.NDArray[np.int64]:
    """A number for the key of each note."""
    tracks = notes["track"].astype(np.int64)
    boards = tracks if keyboards is None else keyboards[tracks]
    return np.asarray(boards << 8 | notes["pitch_midi"])
