"""Fitting critics: the judge's logistic regression learns what samples can be told by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstm_music.evaluate.critic import WINDOW_BARS, Critic, Level, Table
from lstm_music.evaluate.features.table import feature_table
from lstm_music.evaluate.material import first_bars
from lstm_music.evaluate.tell_apart import calibration, logistic_regression
from lstm_music.music.excerpt import excerpt
from lstm_music.music.piece import Piece

LENGTHS_BARS = (1, 2, 4, 8, 12, 16)
"""It is fitted to the first so many bars of pieces, and reads those in between as a mixture."""

_NEVER = ("velocity", "accent", "timing")
"""How the names of features begin that pitched music from nothing gets only when it is finished."""

_SLOW = ("longest repeat", "longest run")
"""What takes a third of the time and says nothing of drums, which never repeat to the step."""


def new_critic(samples: Sequence[Piece]) -> Critic:
    """One that has learnt nothing yet, for pieces like these samples; see `fitted`.

    It looks at all features in which samples differ and of which something is composed before a
    piece is finished. What is the same in all samples, such as the parallels that a rule forbids,
    will be the same in all drafts.
    """
    names, table = feature_table(samples)
    is_played = any(track.is_drum for piece in samples for track in piece.tracks)
    never = _SLOW if is_played else _NEVER
    differs = [len(np.unique(column[~np.isnan(column)])) > 1 for column in table.T]
    found = [name for name, one in zip(names, differs, strict=True) if one]
    return Critic([name for name in found if not name.startswith(never)], {})


def fitted(critic: Critic, samples: Sequence[Piece], real: Sequence[Piece]) -> Critic:
    """A critic after it has learnt to tell real pieces from samples that it has chosen.

    Parameters
    ----------
    critic : with what it knows so far.
    samples : pieces of a model, chosen by it.
    real : pieces of its training music, in the samples' meters and their shares.

    Raises
    ------
    ConfigError : scikit-learn is not installed.
    """
    levels = {}
    for bars in LENGTHS_BARS:
        ours, theirs = _cut(samples, bars), _cut(real, bars)
        if ours and theirs:
            before = critic.levels.get(bars)
            levels[bars] = _fitted(critic.table(ours), critic.table(theirs), before)
    return Critic(critic.names, levels, critic.window)


def fitted_window(critic: Critic, samples: Sequence[Piece], real: Sequence[Piece]) -> Critic:
    """A critic after it has learnt by what any `WINDOW_BARS` bars can still be told.

    `fitted` and this are for samples of different rounds: what both learnt of the same ones would
    count twice.

    Parameters
    ----------
    critic, samples, real : as of `fitted`.

    Raises
    ------
    ConfigError : scikit-learn is not installed.
    """
    ours, theirs = (critic.table(_windows(pieces)) for pieces in (samples, real))
    return Critic(critic.names, critic.levels, _fitted(ours, theirs, critic.window))


def _windows(pieces: Sequence[Piece]) -> list[Piece]:
    """All windows of pieces, but for silent ones and pickups."""
    found = []
    for piece in pieces:
        lines = piece.bar_lines
        starts = [piece.pickup_steps]
        while starts[-1] < piece.end_steps:
            starts.append(lines.bar_end(starts[-1]))
        ends = starts[WINDOW_BARS:]
        found += [excerpt(piece, *window) for window in zip(starts, ends, strict=False)]
    return [window for window in found if len(window.notes)]


def _cut(pieces: Sequence[Piece], bars: int) -> list[Piece]:
    return [cut for piece in pieces if (cut := first_bars(piece, bars)) is not None]


def _fitted(ours: Table, theirs: Table, before: Level | None) -> Level:
    """The level that adds to another's logit what still tells real pieces from samples."""
    if before is None:
        mean, scale = _mean_and_scale(np.concatenate([ours, theirs]))
        before = Level(mean, scale, np.zeros(2 * len(mean)))
    terms = before.terms(np.concatenate([ours, theirs]))
    is_real = np.repeat([0, 1], [len(ours), len(theirs)])
    halves = np.repeat([0.5 / len(ours), 0.5 / len(theirs)], [len(ours), len(theirs)])
    found = logistic_regression().fit(terms, is_real, sample_weight=halves * len(terms))
    factor = calibration(terms, is_real, halves)
    return before._replace(weights=before.weights + factor * found.coef_[0])


def _mean_and_scale(table: Table) -> tuple[Table, Table]:
    """Of each feature where it is known; the scale of one that does not differ is 1."""
    known = ~np.isnan(table)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, table, 0).sum(axis=0) / count
    deviation = np.sqrt((np.where(known, table - mean, 0) ** 2).sum(axis=0) / count)
    return mean, np.where(deviation > 1e-9, deviation, 1.0)
