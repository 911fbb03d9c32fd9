"""Wishes: how dense, thick, high and long the notes of a bar are to be.

Each is one number a bar and track, told to the network as a value of the stream ``wish_NAME`` of
``lstm_music.tokens.vocabulary``; 0 is unknown. In training they are measured of the music itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import Piece
from lstm_music.tokens.streams import MAX_TRACKS, WISH_SIZES
from lstm_music.tokens.vocabulary import DEFAULT

Floats = npt.NDArray[np.float64]

MAX_WISHED_ONSETS = dict(DEFAULT.streams)["wish_onsets"] - 2
"""The most onsets a bar that can be told apart."""

_SEMITONES_A_REGISTER = 6
_SHORTEST_STEPS = 3.0  # a 32nd


class Measures(NamedTuple):
    """What the notes of each bar and track are like; NaN where there are none.

    Parameters
    ----------
    density : (bars, 16), onsets a bar; 0 without notes.
    polyphony : (bars, 16), notes an onset.
    register : (bars, 16), mean MIDI pitch; of drums NaN.
    duration : (bars, 16), mean duration in steps; of drums NaN.
    onsets : (bars,), onsets a bar of all tracks together.
    """

    density: Floats
    polyphony: Floats
    register: Floats
    duration: Floats
    onsets: Floats


def measure(piece: Piece, n_bars: int) -> Measures:
    """Measure the first ``n_bars`` bars of a piece, counted from its pickup or first full bar."""
    notes = piece.notes
    bars = piece.bar_lines.bars_at(notes["onset_steps"])
    inside = (bars < n_bars) & (notes["track"] < MAX_TRACKS)
    notes, bars = notes[inside], bars[inside]
    cell = bars * MAX_TRACKS + notes["track"]
    size = n_bars * MAX_TRACKS
    onset = notes["onset_steps"].astype(np.int64)
    count = np.bincount(cell, minlength=size).astype(np.float64)
    heads = np.unique(cell << 32 | onset) >> 32
    density = np.bincount(heads, minlength=size).astype(np.float64)
    together = np.unique(bars << 32 | onset) >> 32
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    pitched = ~drums[notes["track"]] if len(notes) else np.empty(0, bool)
    n_pitched = np.bincount(cell[pitched], minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [
            np.bincount(cell[pitched], notes[name][pitched], minlength=size) / n_pitched
            for name in ("pitch_midi", "duration_steps")
        ]
        polyphony = count / density
    shape = (n_bars, MAX_TRACKS)
    return Measures(
        density.reshape(shape),
        polyphony.reshape(shape),
        means[0].reshape(shape),
        means[1].reshape(shape),
        np.bincount(together, minlength=n_bars).astype(np.float64),
    )


def wish_values(measures: Measures) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The values of the streams; NaN becomes 0, unknown.

    Returns
    -------
    wishes : (bars, 16, 4) uint8, in the order of ``WISH_SIZES``.
    onsets : (bars,) uint8.

    Examples
    --------
    >>> one = np.full((1, 16), np.nan)
    >>> asked = Measures(one + 0, one + 0, one + 0, one + 0, np.array([8.0]))
    >>> asked.density[0, 0] = 4
    >>> wish_values(asked)[0][0, 0].tolist(), wish_values(asked)[1].tolist()
    ([5, 0, 0, 0], [9])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = (
            measures.density,
            2 * (measures.polyphony - 1),
            measures.register / _SEMITONES_A_REGISTER,
            2 * np.log2(measures.duration / _SHORTEST_STEPS),
        )
    wishes = [_binned(x, size) for x, size in zip(scaled, WISH_SIZES.values(), strict=True)]
    return np.stack(wishes, axis=2), _binned(measures.onsets, MAX_WISHED_ONSETS + 2)


def _binned(scaled: Floats, size: int) -> npt.NDArray[np.uint8]:
    """1 + the nearest whole number within the stream, 0 for NaN."""
    known = ~np.isnan(scaled)
    bins = np.clip(np.rint(np.where(known, scaled, 0.0)), 0, size - 2) + 1
    return np.where(known, bins, 0).astype(np.uint8)
