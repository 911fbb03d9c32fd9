"""What a piece has beyond the file that it was read from, and which of its notes it lacks."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from lstm_music.music.excerpt import changes_before
from lstm_music.music.key import KeyChange
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Tempo
from lstm_music.types import NoteArray

_Change = TypeVar("_Change", Meter, Tempo, KeyChange)
_FIXED = ("key", "pickup_steps")


class Additions(NamedTuple):
    """What is to be added to a file, in the piece's steps and tracks and in order of time.

    ``removed`` holds the numbers of the rows of the piece as it was read (``Original.as_read``)
    whose notes are to be taken out.
    """

    notes: NoteArray
    pedal: npt.NDArray[np.void]
    meters: tuple[Meter, ...]
    tempos: tuple[Tempo, ...]
    keys: tuple[KeyChange, ...]
    removed: npt.NDArray[np.int64]

    @property
    def start_steps(self) -> int | None:
        """Where the first addition stands; None if there is none."""
        onsets = [int(array["onset_steps"][0]) for array in self[:2] if len(array)]
        onsets += [changes[0].onset_steps for changes in self[2:5] if changes]
        return min(onsets, default=None)


def additions(piece: Piece) -> Additions | None:
    """What the piece has beyond its original, and the notes that it lacks.

    Returns
    -------
    Additions or None
        None if there is no original, or the piece is another than its original in more than
        notes: a pedal change taken away, a track renamed, a meter or tempo changed.
    """
    read = None if piece.original is None else piece.original.as_read
    until = None if piece.original is None else piece.original.until_steps
    if read is not None and until is not None:
        read = read.replace(**changes_before(read, until))
    if read is None or piece.tracks[: len(read.tracks)] != read.tracks:
        return None
    if any(getattr(piece, name) != getattr(read, name) for name in _FIXED):
        return None
    notes, removed = _compared(piece.notes, read.notes)
    pedal, lost = _compared(piece.pedal, read.pedal)
    end = read.end_steps if until is None else until
    meters = _later(piece.meters, read.meters, end)
    tempos = _later(piece.tempos, read.tempos, end)
    keys = _later(piece.key_changes, read.key_changes, end)
    if len(lost) or meters is None or tempos is None or keys is None:
        return None
    return Additions(notes, pedal, meters, tempos, keys, removed)


def _later(
    now: tuple[_Change, ...], before: tuple[_Change, ...], end: int
) -> tuple[_Change, ...] | None:
    """The changes after those there were, from ``end`` on; None if those are not all there."""
    if now[: len(before)] != before:
        return None
    more = now[len(before) :]
    return None if more and more[0].onset_steps < end else more


def _compared(
    now: npt.NDArray[np.void], before: npt.NDArray[np.void]
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int64]]:
    """The rows of ``now`` beyond those of ``before``, and the numbers of those of these it lacks.

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
    n_runs = int(run[-1]) + 1 if len(run) else 0
    n_now, n_before = (np.bincount(run[which], minlength=n_runs) for which in (is_now, ~is_now))
    # lexsort is stable: the rows of ``now`` stand last in their run.
    number = np.arange(len(run)) - np.flatnonzero(is_new_run)[run]
    number -= np.where(is_now, n_before[run], 0)
    is_surplus = number >= np.minimum(n_now, n_before)[run]
    added = np.sort(order[is_surplus & is_now]) - (len(before) - same)
    removed = np.sort(order[is_surplus & ~is_now]) + same
    more: npt.NDArray[np.void] = now[same:][added]
    return more, removed
