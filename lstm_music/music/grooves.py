"""Bars of drums alone: which resemble earlier ones, as drummers play a pattern again.

No drummer strikes twice at the very same time, so a bar is what stands on its nearest 16ths, and
nearly equal bars count as equal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstm_music.music.form import ALIKE, EQUAL, FRESH, VARIED, Bar, Label, alike
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.instruments.drum_keys import drums_in_general_midi
from lstm_music.music.piece import Piece

SIXTEENTH_STEPS = STEPS_PER_QUARTER // 4
LAGS = (1, 2, 4, 8)
"""How many bars before a bar its like is looked for; of two that are as like it, the nearer one."""

NEARLY_EQUAL = 0.75
"""A bar that shares so much of its strokes with another is the same pattern played again; half of
the bars of real drummers are."""


def is_groove(piece: Piece) -> bool:
    """Whether a piece is one track of drums."""
    return len(piece.tracks) == 1 and piece.tracks[0].is_drum


def drum_bars(piece: Piece, n_bars: int | None = None) -> list[Bar]:
    """The full bars of a piece of drums, up to its last stroke or ``n_bars`` of them.

    Their notes are (0, 16th, General MIDI key, 0). A stroke nearer to the next bar line than to the
    last 16th belongs to the next bar.
    """
    notes = drums_in_general_midi(piece.notes, piece)
    lines, at = piece.bar_lines, piece.pickup_steps
    end = max(piece.end_steps, piece.length_steps)
    early = notes["onset_steps"].astype(np.int64) + SIXTEENTH_STEPS // 2
    keys = notes["pitch_midi"].tolist()
    bars: list[Bar] = []
    while at < end if n_bars is None else len(bars) < n_bars:
        stop = lines.bar_end(at)
        first, last = np.searchsorted(early, [at, stop])
        places = ((early[first:last] - at) // SIXTEENTH_STEPS).tolist()
        strokes = zip(places, keys[first:last], strict=True)
        bars.append(Bar(stop - at, frozenset((0, place, key, 0) for place, key in strokes)))
        at = stop
    return bars


def label_grooves(bars: Sequence[Bar]) -> list[Label]:
    """How each bar comes about: by the earlier one that it is most like, see `LAGS`."""
    return [_label(bars, i) for i in range(len(bars))]


def _label(bars: Sequence[Bar], i: int) -> Label:
    likeness, nearest = max(
        ((alike(bars[i], bars[i - lag]), -lag) for lag in LAGS if lag <= i), default=(0.0, 0)
    )
    if likeness <= ALIKE:
        return Label(FRESH)
    return Label(EQUAL if likeness >= NEARLY_EQUAL else VARIED, -nearest)
