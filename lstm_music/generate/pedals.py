"""Pedals where new music begins: what is down there, and what must be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstm_music.music.piece import PEDAL_DTYPE, Piece
from lstm_music.types import NoteArray


def pedal_from(read: Sequence[int], given: Piece, start: int, pedal: NoteArray) -> NoteArray:
    """New ``pedal`` that begins at ``start`` as it was where the network read to.

    Parameters
    ----------
    read : the tracks whose pedal was down there; after ``given`` others may be.
    """
    begun = set(pedal["track"][pedal["onset_steps"] == start].tolist())
    other = set(read).symmetric_difference(pedals_down(given.pedal)) - begun
    changes = [(start, track, track in read) for track in sorted(other)]
    return np.concatenate([np.array(changes, PEDAL_DTYPE), pedal])


def pedals_lifted(pedal: NoteArray, at_steps: int) -> NoteArray:
    """A lift at a place of each pedal that the changes before leave down; PEDAL_DTYPE."""
    return np.array([(at_steps, track, False) for track in pedals_down(pedal)], PEDAL_DTYPE)


def pedals_down(pedal: NoteArray) -> list[int]:
    """The tracks whose last change of ``pedal`` presses it."""
    by_track = pedal[np.argsort(pedal["track"], kind="stable")]
    last = np.append(by_track["track"][1:] != by_track["track"][:-1], True)[: len(by_track)]
    return [int(track) for track in by_track["track"][last & by_track["down"]]]
