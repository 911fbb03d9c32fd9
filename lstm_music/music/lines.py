"""A piece as lines of notes, in which music is recognised in any key and at any tempo.

A piece is read as lines of notes: all its pitched notes, all its drums, and, where several tracks
are of one of these kinds, each track by itself. In a line notes stand by onset, then from high to
low; what sounds twice at once (two voices in unison) counts once. A *step* leads from one note of
a line to the next: the grid steps between their onsets and, for pitched notes, the interval; for
drums, both drums. A *run* is a stretch of n notes whose n - 1 steps are the same in both pieces:
the same music in any key and at any tempo.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from lstm_music.music.instruments.drum_keys import drums_in_general_midi
from lstm_music.music.piece import Piece
from lstm_music.music.places import begins_in

_Ints = npt.NDArray[np.int64]

LINE_END = -1
"""Stands in place of the step at the last note of a line."""


def lines_of(pieces: Iterable[Piece]) -> tuple[_Ints, _Ints, _Ints]:
    """All lines of all pieces, one after the other.

    Parameters
    ----------
    pieces : (P,) read once, not kept.

    Returns
    -------
    onsets : (n,) int64, of the notes, in grid steps.
    steps : (n,) int64, from each note to the next as one number, 0 or more; `LINE_END` at the last
        of a line.
    ends : (P,) int64, how many of these notes stand before each piece's end.
    """
    parts = [_lines(piece) for piece in pieces]
    ends = np.cumsum([len(onsets) for onsets, _ in parts], dtype=np.int64)
    none = np.empty(0, np.int64)
    onsets = np.concatenate([none, *(part[0] for part in parts)])
    steps = np.concatenate([none, *(part[1] for part in parts)])
    return onsets, steps, ends


def added_part(piece: Piece) -> Piece:
    """The piece without the notes of somebody else that ours were added to."""
    if not piece.added_places:
        return piece
    return piece.replace(notes=piece.notes[begins_in(piece.notes, piece.added_places)])


def _lines(piece: Piece) -> tuple[_Ints, _Ints]:
    """The lines of a piece, one after the other.

    Returns
    -------
    onsets : (n,) of the notes.
    steps : (n,) from each note to the next as one number; `LINE_END` at the last of a line.
    """
    notes = drums_in_general_midi(piece.notes, piece)  # as `generate` writes what it has learnt
    track = notes["track"].astype(np.int64)
    drums = np.array([track.is_drum for track in piece.tracks], np.int64)[track]
    n_tracks = np.array([len(np.unique(track[drums == kind])) for kind in (0, 1)])
    in_company = n_tracks[drums] > 1
    # Sorted and without doubles in one go: line, onset and, from high to low, pitch.
    place = notes["onset_steps"].astype(np.int64) << 8 | (255 - notes["pitch_midi"])
    of_all, of_track = drums << 40 | place, (2 + 2 * track + drums) << 40 | place
    keys = np.unique(np.concatenate([of_all, of_track[in_company]]))
    line, onsets, pitches = keys >> 40, keys >> 8 & 0xFFFFFFFF, 255 - (keys & 255)
    before, after = pitches[:-1], pitches[1:]
    is_drum = line[:-1] & 1
    move = np.where(is_drum, before << 8 | after, after - before + 255)
    steps = np.full(len(keys), LINE_END)
    within = line[1:] == line[:-1]
    steps[:-1][within] = (np.diff(onsets) << 17 | is_drum << 16 | move)[within]
    return onsets, steps
