"""All features of pieces as one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from lstm_music.evaluate.features.harmony import chord_features, key_features, sonority_features
from lstm_music.evaluate.features.melody import interval_features, register_features
from lstm_music.evaluate.features.numbers import Features
from lstm_music.evaluate.features.repetition import repetition_features
from lstm_music.evaluate.features.rhythm import length_features, rhythm_features
from lstm_music.evaluate.features.texture import (
    drum_features,
    loudness_features,
    polyphony_features,
)
from lstm_music.music.piece import Piece

_GROUPS: tuple[Callable[[Piece], Features], ...] = (
    rhythm_features,
    length_features,
    interval_features,
    register_features,
    key_features,
    chord_features,
    sonority_features,
    polyphony_features,
    loudness_features,
    drum_features,
    repetition_features,
)


def piece_features(piece: Piece) -> Features:
    """Every feature of a piece; None where it cannot be told.

    Tempo, key and instruments are not among them: those are asked for, not composed.

    Parameters
    ----------
    piece : with a note or more; its length counts, so compare pieces of as many bars.
    """
    features: Features = {}
    for group in _GROUPS:
        features |= group(piece)
    return features


def feature_table(pieces: Sequence[Piece]) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Names of the F features, and their values, (len(pieces), F); NaN where one cannot be told."""
    rows = [piece_features(piece) for piece in pieces]
    names = list(rows[0]) if rows else []
    values = [[np.nan if row[name] is None else row[name] for name in names] for row in rows]
    return names, np.array(values, float).reshape(len(rows), len(names))
