"""The numbers that papers on music generation report, as MusPy defines them (Dong et al. 2020).

Nearest to real music is best, not highest: a metronome is most consistent of all.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.harmony.scales import notes_in_scale, pitch_classes
from lstm_music.music.piece import Piece

GROOVE_STEPS = STEPS_PER_QUARTER // 4
"""Groove is compared in 16ths."""


def pitch_class_entropy(piece: Piece) -> float | None:
    """Entropy of the pitch classes of the notes: 0 bits for one, 3.58 for all twelve alike.

    Source: Wu and Yang 2020, arXiv:2008.01307. None without pitched notes.
    """
    counts = pitch_classes(piece)
    if not counts.any():
        return None
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum()) + 0.0  # no minus zero


def scale_consistency(piece: Piece) -> float | None:
    """Largest share of the notes, 0..1, that one major (or natural minor) scale holds.

    Source: Mogren 2016, arXiv:1611.09904. None without pitched notes.
    """
    counts = pitch_classes(piece)
    if not counts.any():
        return None
    return max(notes_in_scale(counts, tonic) for tonic in range(12)) / int(counts.sum())


def groove_consistency(piece: Piece) -> float | None:
    """How alike the rhythms of neighbouring bars are, 0..1.

    1 minus the mean share of 16ths at which one of two neighbouring bars has an onset and the
    other has none. Source: MusPy's ``groove_consistency``, after Wu and Yang 2020,
    arXiv:2008.01307 (who compare all pairs of bars).

    An onset counts at the nearest 16th, be that the next bar line. Only neighbours of one length
    are compared: a change of meter, and a pickup, make no pair. A bar without onsets is a bar;
    nothing is one after the last onset.

    Returns
    -------
    float or None
        None without two bars to compare.

    Examples
    --------
    >>> from lstm_music.music.piece import Track, make_notes
    >>> onsets = (0, 48, 96, 120, 144)
    >>> notes = make_notes([(onset, 6, 36, 80, 0) for onset in onsets])
    >>> groove_consistency(Piece(notes=notes, tracks=(Track(is_drum=True),))) == 1 - 1 / 16
    True
    """
    bars = _groove_bars(piece)
    pairs = [(a, b) for a, b in pairwise(bars) if len(a) == len(b)]
    if not pairs:
        return None
    return 1.0 - float(np.mean([np.mean(a != b) for a, b in pairs]))


def _groove_bars(piece: Piece) -> list[npt.NDArray[np.bool_]]:
    """Onsets at the 16ths of each bar after the pickup."""
    lines = piece.bar_lines
    onsets = np.unique(piece.notes["onset_steps"]).astype(np.int64)
    last = int(onsets[-1]) if len(onsets) else -1
    bars = []
    start = piece.pickup_steps
    while start <= last + GROOVE_STEPS // 2:
        end = lines.bar_end(start)
        bar = np.zeros(-(-(end - start) // GROOVE_STEPS), bool)
        nearest = (onsets - start + GROOVE_STEPS // 2) // GROOVE_STEPS
        bar[nearest[(nearest >= 0) & (nearest < len(bar))]] = True
        bars.append(bar)
        start = end
    return bars
