"""The numbers that papers on music generation report, as MusPy defines them (Dong et al. 2020).

Nearest to real music is best, not highest: a metronome is most consistent of all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from math import fsum
from operator import itemgetter

import numpy as np

from lstm_music.music.distinct import distinct
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.harmony.scales import MAJOR_SCALE, pitch_classes
from lstm_music.music.piece import Piece

GROOVE_STEPS = STEPS_PER_QUARTER // 4
"""Groove is compared in 16ths."""

_SCALES = [itemgetter(*((tone + tonic) % 12 for tone in MAJOR_SCALE)) for tonic in range(12)]
"""What takes the pitch classes of each major scale out of all twelve."""


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
    return share_in_scale(pitch_classes(piece).tolist())


def share_in_scale(counts: Sequence[int]) -> float | None:
    """`scale_consistency` of so many notes of each of the twelve pitch classes."""
    most = max(sum(in_scale(counts)) for in_scale in _SCALES)
    return most / sum(counts) if any(counts) else None


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
    differing = [len(a ^ b) / n for (n, a), (m, b) in pairwise(bars) if n == m]
    return 1.0 - fsum(differing) / len(differing) if differing else None


def _groove_bars(piece: Piece) -> list[tuple[int, set[int]]]:
    """How many 16ths each bar after the pickup has, and at which of them are onsets."""
    lines = piece.bar_lines
    onsets = distinct(piece.notes["onset_steps"]).tolist()
    last = onsets[-1] if onsets else -1
    bars = []
    start, half = piece.pickup_steps, GROOVE_STEPS // 2
    while start <= last + half:
        end = lines.bar_end(start)
        n = -(-(end - start) // GROOVE_STEPS)
        first = bisect_left(onsets, start - half)
        stop = bisect_left(onsets, start - half + n * GROOVE_STEPS)
        bars.append((n, {(onset - start + half) // GROOVE_STEPS for onset in onsets[first:stop]}))
        start = end
    return bars
