"""All features of pieces as one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from lstm_music.evaluate.features.harmony import (
    chord_features,
    key_features,
    parallel_features,
    sonority_features,
)
from lstm_music.evaluate.features.melody import interval_features, register_features
from lstm_music.evaluate.features.numbers import Features
from lstm_music.evaluate.features.repetition import repetition_features, run_features
from lstm_music.evaluate.features.rhythm import length_features, rhythm_features
from lstm_music.evaluate.features.texture import (
    drum_features,
    loudness_features,
    polyphony_features,
)
from lstm_music.evaluate.view import View
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track

Group = Callable[[View], Features]

_GROUPS: tuple[Group, ...] = (
    rhythm_features,
    length_features,
    interval_features,
    register_features,
    key_features,
    chord_features,
    sonority_features,
    parallel_features,
    polyphony_features,
    loudness_features,
    drum_features,
    repetition_features,
    run_features,
)


def piece_features(piece: Piece) -> Features:
    """Every feature of a piece; None where it cannot be told.

    Tempo, key and instruments are not among them: those are asked for, not composed.

    Parameters
    ----------
    piece : with a note or more; its length counts, so compare pieces of as many bars.
    """
    return _features_of(piece, _GROUPS)


def _features_of(piece: Piece, groups: Sequence[Group]) -> Features:
    view, features = View(piece), dict[str, float | None]()
    for group in groups:
        features |= group(view)
    return features


@cache
def _groups_with(names: tuple[str, ...]) -> tuple[Group, ...]:
    """The groups that some features belong to."""
    note = View(Piece(notes=np.array([(0, 24, 60, 80, 0, 0)], NOTE_DTYPE), tracks=(Track(),)))
    return tuple(group for group in _GROUPS if not group(note).keys().isdisjoint(names))


def feature_table(
    pieces: Sequence[Piece], names: Sequence[str] | None = None
) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Names of the F features, and their values, (len(pieces), F); NaN where one cannot be told.

    Parameters
    ----------
    pieces : each with a note or more.
    names : of the features that are wanted; None: of all. The fewer groups they belong to, the
        less time it takes.
    """
    groups = _GROUPS if names is None else _groups_with(tuple(names))
    rows = [_features_of(piece, groups) for piece in pieces]
    names = names or (list(rows[0]) if rows else [])
    values = [[np.nan if row[name] is None else row[name] for name in names] for row in rows]
    return list(names), np.array(values, float).reshape(len(rows), len(names))
