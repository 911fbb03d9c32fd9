"""Where the body of a piece ends that comes to a close: before its outro and its last chords."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import Piece

_Ints = npt.NDArray[np.int64]

PHRASE_BARS = 4
"""The body ends on a bar line that has a multiple of so many full bars before it."""

_LEAST_BODY_BARS = 16
"""A piece with fewer has no body to go back to."""

_USUAL_BARS = 32
"""So many of the last bars say how busy the music is."""

_THIN = 0.6
"""In a thin bar fewer notes begin than this share of what is usual."""

_LEADING_BARS = 8
"""Half of so many bars before the end of the body must not be thin."""

_AS_ONE = 0.99
"""Where tracks begin so many of their notes together, they move as one."""


def body_end_steps(piece: Piece, end_steps: int) -> int:
    """The bar line up to which a piece goes on as usual, a phrase before it comes to a close.

    A piece closes with bars in which most parts hold or rest: fewer notes begin in them than is
    usual, or they begin at fewer places of the bar. The phrase that leads there is left out, too:
    music that went on after it would begin with the last chord. Where all tracks move as one (a
    tune, a hymn, a groove) the end is like that of each phrase: such a piece does not close.

    Parameters
    ----------
    piece : at least one note.
    end_steps : the bar line after its last bar.

    Returns
    -------
    int : an onset in steps; ``end_steps`` where the piece does not close, is too short, or changes
        its meter after its body.

    Examples
    --------
    >>> from lstm_music.music.piece import Track, make_notes
    >>> rows = [(24 * i, 24, 60 + i % 5, 80, 0) for i in range(4 * 23)] + [(96 * 23, 96, 60, 80, 0)]
    >>> bass = [(96 * bar, 96, 36, 80, 1) for bar in range(24)]
    >>> piece = Piece(notes=make_notes(rows + bass), tracks=(Track(), Track()))
    >>> body_end_steps(piece, 96 * 24) // 96
    20
    """
    lines, first = piece.bar_lines, int(piece.pickup_steps > 0)
    onsets, places, tracks = _counts(piece, lines.bar_at(end_steps - 1) + 1)
    is_thin = _is_thin(onsets) | _is_thin(places)
    last = len(is_thin)
    while last > first and is_thin[last - 1]:
        last -= 1
    body = (last - 1 - first) // PHRASE_BARS * PHRASE_BARS
    if last == len(is_thin) or body < _LEAST_BODY_BARS or _move_as_one(onsets, places, tracks):
        return end_steps
    leading = is_thin[first + body - _LEADING_BARS : first + body]
    at = piece.pickup_steps
    for _ in range(body):
        at = lines.bar_end(at)
    is_body = 2 * leading.sum() <= len(leading) and piece.meters[-1].onset_steps <= at
    return at if is_body else end_steps


def _counts(piece: Piece, n_bars: int) -> tuple[_Ints, _Ints, _Ints]:
    """Of each bar (n_bars,): onsets of all tracks, places at which some track has one, tracks."""
    bars = piece.bar_lines.bars_at(piece.notes["onset_steps"])
    place, track = piece.notes["onset_steps"].astype(np.int64), piece.notes["track"]
    onsets, places = np.unique(place << 16 | track), np.unique(place)
    sounding = np.unique(bars << 16 | track)
    found = (piece.bar_lines.bars_at(onsets >> 16), piece.bar_lines.bars_at(places), sounding >> 16)
    counts = [np.bincount(one, minlength=n_bars)[:n_bars] for one in found]
    return counts[0], counts[1], counts[2]


def _is_thin(counts: _Ints) -> npt.NDArray[np.bool_]:
    """Which bars have much fewer than is usual of late."""
    recent = counts[-_USUAL_BARS:]
    usual = float(np.median(recent[recent > 0])) if recent.any() else 0.0
    return np.asarray(counts < _THIN * usual)


def _move_as_one(onsets: _Ints, places: _Ints, tracks: _Ints) -> bool:
    """Whether in half of the bars all tracks that sound begin their notes together."""
    sounds = tracks > 0
    together = onsets[sounds] / (places[sounds] * tracks[sounds])
    return bool(np.median(together) >= _AS_ONE)
