"""What a piece has beyond the file that it was read from."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from lstm_music.music.key import KeyChange
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Tempo
from lstm_music.types import NoteArray

_Change = TypeVar("_Change", Meter, Tempo, KeyChange)
_FIXED = ("key", "pickup_steps")


class Additions(NamedTuple):
    """What is to be added to a file: in the piece's steps and tracks, in order of time."""

    notes: NoteArray
    pedal: npt.NDArray[np.void]
    meters: tuple[Meter, ...]
    tempos: tuple[Tempo, ...]
    keys: tuple[KeyChange, ...]

    @property
    def start_steps(self) -> int | None:
        """Where the first addition stands; None if there is none."""
        onsets = [int(array["onset_steps"][0]) for array in self[:2] if len(array)]
        onsets += [changes[0].onset_steps for changes in self[2:] if changes]
        return min(onsets, default=None)


def additions(piece: Piece) -> Additions | None:
    """What the piece has beyond its original.

    Returns
    -------
    Additions or None
        None if there is no original, or the piece no longer holds all of it: a note was moved or
        taken away, a track renamed, a meter or tempo changed.
    """
    read = None if piece.original is None else piece.original.as_read
    if read is None or piece.tracks[: len(read.tracks)] != read.tracks:
        return None
    if any(getattr(piece, name) != getattr(read, name) for name in _FIXED):
        return None
    found: list[Any] = [_more(piece.notes, read.notes), _more(piece.pedal, read.pedal)]
    found += [
        _later(piece.meters, read.meters, read.end_steps),
        _later(piece.tempos, read.tempos, read.end_steps),
        _later(piece.key_changes, read.key_changes, read.end_steps),
    ]
    return None if any(more is None for more in found) else Additions(*found)


def _later(
    now: tuple[_Change, ...], before: tuple[_Change, ...], end: int
) -> tuple[_Change, ...] | None:
    """The changes after those there were, from ``end`` on; None if those are not all there."""
    if now[: len(before)] != before:
        return None
    more = now[len(before) :]
    return None if more and more[0].onset_steps < end else more


def _more(now: npt.NDArray[np.void], before: npt.NDArray[np.void]) -> npt.NDArray[np.void] | None:
    """The rows of ``now`` beyond those of ``before``; None if one of these is gone.

    Both are in order of time, and mostly begin alike. A row may stand there several times.
    """
    short = min(len(now), len(before))
    unlike = np.flatnonzero(now[:short] != before[:short])
    same = int(unlike[0]) if len(unlike) else short
    rest = np.concatenate([before[same:], now[same:]])
    names = rest.dtype.names or ()
    order = np.lexsort([rest[name] for name in names])
    rows = rest[order]
    is_new_run = np.ones(len(rows), bool)
    is_new_run[1:] = rows[1:] != rows[:-1]
    run = np.cumsum(is_new_run) - 1
    is_now = order >= len(before) - same
    surplus = np.bincount(run[is_now], minlength=run[-1] + 1 if len(run) else 0)
    surplus -= np.bincount(run[~is_now], minlength=len(surplus))
    if (surplus < 0).any():
        return None
    # lexsort is stable: the rows of ``now`` stand last in their run.
    behind = np.cumsum(np.bincount(run, minlength=len(surplus)))[run] - np.arange(len(run))
    added = order[is_now & (behind <= surplus[run])] - (len(before) - same)
    more: npt.NDArray[np.void] = now[same:][np.sort(added)]
    return more
