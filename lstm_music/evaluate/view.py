"""A piece as its statistics look at it: what several of them need is computed once.

In plain lists: pieces are short, above all the drafts that a critic compares, and NumPy takes
longer to begin on a few numbers than Python to finish.
"""

from __future__ import annotations

from functools import cached_property
from itertools import compress
from operator import add
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.meter import BarLines
from lstm_music.music.piece import Piece

SIXTEENTH_STEPS = STEPS_PER_QUARTER // 4

_Ints = npt.NDArray[np.int64]


class Columns(NamedTuple):
    """N notes, sorted by (onset, track, pitch, duration)."""

    onsets: list[int]
    ends: list[int]
    lengths: list[int]
    pitches: list[int]
    tracks: list[int]


class Part(NamedTuple):
    """The highest note at each onset of a track, N of them, in order."""

    onsets: list[int]
    ends: list[int]
    pitches: list[int]


class View:
    """A piece, read lazily.

    Parameters
    ----------
    piece : any piece.
    """

    def __init__(self, piece: Piece) -> None:
        self.piece = piece
        self.lines: BarLines = piece.bar_lines
        self.end_steps = piece.end_steps

    @cached_property
    def notes(self) -> Columns:
        """All notes."""
        names = ("onset_steps", "duration_steps", "pitch_midi", "track")
        onsets, lengths, *others = (self.piece.notes[name].tolist() for name in names)
        return Columns(onsets, list(map(add, onsets, lengths)), lengths, *others)

    @cached_property
    def pitched(self) -> Columns:
        """The notes that are not of drums."""
        return self._of(is_drum=False) if self._drum_tracks else self.notes

    @cached_property
    def strokes(self) -> Columns:
        """The notes of drums."""
        return self._of(is_drum=True)

    @cached_property
    def _drum_tracks(self) -> frozenset[int]:
        return frozenset(i for i, track in enumerate(self.piece.tracks) if track.is_drum)

    def _of(self, *, is_drum: bool) -> Columns:
        chosen = [(track in self._drum_tracks) == is_drum for track in self.notes.tracks]
        return Columns(*(list(compress(column, chosen)) for column in self.notes))

    @cached_property
    def parts(self) -> list[Part]:
        """A part for each pitched track that has notes."""
        # Notes stand by onset, then by pitch: the last of each onset is the highest.
        tops: dict[int, dict[int, tuple[int, int]]] = {}
        notes = self.pitched
        for onset, end, pitch, track in zip(
            notes.onsets, notes.ends, notes.pitches, notes.tracks, strict=True
        ):
            tops.setdefault(track, {})[onset] = end, pitch
        return [
            Part(list(top), [end for end, _ in top.values()], [pitch for _, pitch in top.values()])
            for _, top in sorted(tops.items())
        ]

    @cached_property
    def onsets(self) -> list[int]:
        """Where a note or more begins, in order."""
        return list(dict.fromkeys(self.notes.onsets))

    @cached_property
    def bar_at(self) -> dict[int, int]:
        """Onset -> number of its bar, as `BarLines.bar_at` counts."""
        return self._at(self.lines.bars_at(self._onsets))

    @cached_property
    def place_at(self) -> dict[int, int]:
        """Onset -> distance from the bar line before, in steps; in a pickup, from its beginning."""
        return self._at(self._places[0])

    @cached_property
    def bar_steps_at(self) -> dict[int, int]:
        """Onset -> length of a bar in the meter there."""
        return self._at(self._places[1])

    @cached_property
    def beat_at(self) -> dict[int, int]:
        """Onset -> length of a beat in the meter there."""
        return self._at(self.lines.beats_at(self._onsets))

    @cached_property
    def _onsets(self) -> _Ints:
        return np.array(self.onsets, np.int64)

    @cached_property
    def _places(self) -> tuple[_Ints, _Ints]:
        return self.lines.places(self._onsets)

    def _at(self, values: _Ints) -> dict[int, int]:
        """Onset -> value, of one for each."""
        return dict(zip(self.onsets, values.tolist(), strict=True))

    @cached_property
    def bars(self) -> list[int]:
        """Number of the bar of each note."""
        return [self.bar_at[onset] for onset in self.notes.onsets]

    @cached_property
    def sixteenth_at(self) -> dict[int, tuple[int, int]]:
        """Onset -> its bar, from 0 at the first full one (-1: in the pickup), and the nearest 16th
        there.

        A note nearer to the next bar line than to the last 16th belongs to the next bar, if any
        other note does.
        """
        pickup = self.piece.pickup_steps
        last = max(self.bar_at.values(), default=0) - (pickup > 0)
        at = {}
        for onset in self.onsets:
            bar = self.bar_at[onset] - (pickup > 0)
            nearest = nearest_16th(self.place_at[onset])
            length = pickup if bar < 0 else self.bar_steps_at[onset]
            # An early stroke makes no bar that has nothing else.
            is_next = nearest * SIXTEENTH_STEPS >= length and bar < last
            at[onset] = (bar + 1, 0) if is_next else (bar, nearest)
        return at


def nearest_16th(steps: int) -> int:
    """A distance in 16ths, rounded; half of one counts as one."""
    return (steps + SIXTEENTH_STEPS // 2) // SIXTEENTH_STEPS
