"""Statistics of samples beside those of real music, in standard deviations of the real pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from lstm_music.evaluate.statistics import PieceStatistics, piece_statistics
from lstm_music.music.piece import Piece

_SIZES = ("n_bars",)
"""Alike by the cut, or no property of the music."""


@dataclass(frozen=True, slots=True)
class Distance:
    """One statistic of samples and of real pieces.

    Attributes
    ----------
    name : in words.
    samples, real : the means; None where it can be told of no piece. Of a yes or no: the share.
    spread : standard deviation of the real pieces; None with fewer than two.
    apart_sd : how many of these lie between the means, positive if the samples have more; None
        where it cannot be told, or the real pieces are all alike.
    """

    name: str
    samples: float | None
    real: float | None
    spread: float | None
    apart_sd: float | None


def distances(samples: Sequence[Piece], real: Sequence[Piece]) -> list[Distance]:
    """All of `PieceStatistics`, of samples beside real pieces.

    Parameters
    ----------
    samples, real : cut to as many bars, or counts mean little; ``real`` may be empty.
    """
    ours = [piece_statistics(piece) for piece in samples]
    theirs = [piece_statistics(piece) for piece in real]
    names = [field.name for field in fields(PieceStatistics) if field.name not in _SIZES]
    return [_distance(name, _values(ours, name), _values(theirs, name)) for name in names]


def _values(rows: Sequence[PieceStatistics], name: str) -> list[float]:
    return [float(value) for row in rows if (value := getattr(row, name)) is not None]


def _distance(name: str, ours: list[float], theirs: list[float]) -> Distance:
    mine = float(np.mean(ours)) if ours else None
    real = float(np.mean(theirs)) if theirs else None
    spread = float(np.std(theirs, ddof=1)) if len(theirs) > 1 else None
    apart = (mine - real) / spread if mine is not None and real is not None and spread else None
    return Distance(name.removeprefix("n_").replace("_", " "), mine, real, spread, apart)
