"""A critic: how much more like real music than like a model's own a draft is, bars after bars.

It is the judge's logistic regression (`lstm_music.evaluate.judge`), fitted to real training pieces
and to samples of the model, and written into the model file. Where a model draws several drafts of
some bars, one is kept at random with odds of the density ratio of real music to samples, which is
what the logit estimates (sampling and importance resampling; Rubin 1988). So what is kept varies as
real music does; the best alone would not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ModelFileError
from lstm_music.evaluate.features.table import feature_table
from lstm_music.music.excerpt import excerpt
from lstm_music.music.instruments.drum_keys import in_general_midi
from lstm_music.music.piece import Piece
from lstm_music.nn.odds import drawn

_MOST_DEVIATIONS = 4.0
_SQUARES = 0.5  # what squares weigh beside the features themselves
_DIGITS = 4

Table = npt.NDArray[np.float64]


class Level(NamedTuple):
    """A logit, but for a constant: a weighted sum of z and z**2 - 1, where z are the features in
    standard deviations from their mean.
    """

    mean: Table
    scale: Table
    weights: Table

    def terms(self, table: Table) -> Table:
        """(N, 2 F) of (N, F) features; what is unknown counts as usual."""
        z = np.nan_to_num((table - self.mean) / self.scale)
        z = np.clip(z, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
        return np.concatenate([z, _SQUARES * (z**2 - 1)], axis=1)

    def logits(self, table: Table) -> Table:
        """(N,): the weighted sums of the terms."""
        return np.asarray(self.terms(table) @ self.weights)


class Critic:
    """Logits of drafts of one style.

    Parameters
    ----------
    names : of the F features that it looks at, of `lstm_music.evaluate.features`.
    levels : bars -> the logit of the first so many bars.
    """

    def __init__(self, names: Sequence[str], levels: Mapping[int, Level]) -> None:
        self.names = tuple(names)
        self.levels = dict(sorted(levels.items()))

    def logits(self, drafts: Sequence[Piece], n_bars: int) -> Table:
        """(N,): higher where a draft looks more like real music.

        Parameters
        ----------
        drafts : with ``n_bars`` bars each, in one meter and without a pickup. Of more than the
            longest that it is fitted to, the last are looked at.
        """
        lengths = list(self.levels)
        steps = drafts[0].meters[0].bar_steps
        start = max(n_bars - lengths[-1], 0) * steps
        parts = [excerpt(draft, start, n_bars * steps) for draft in drafts]
        sounding = [len(part.notes) > 0 for part in parts]
        found = np.full(len(parts), -np.inf)
        if any(sounding):
            table = self.table([part for part in parts if len(part.notes)])
            at = float(np.clip(n_bars, lengths[0], lengths[-1]))
            shorter = max(length for length in lengths if length <= at)
            longer = min(length for length in lengths if length >= at)
            share = (at - shorter) / max(longer - shorter, 1)
            found[sounding] = (1 - share) * self.levels[shorter].logits(table)
            found[sounding] += share * self.levels[longer].logits(table)
        return found

    def choose(self, drafts: Sequence[Piece], n_bars: int, rng: np.random.Generator) -> int:
        """Which draft is kept: drawn with the odds exp(logit)."""
        logits = self.logits(drafts, n_bars)
        if np.isneginf(logits).all():
            return 0
        return drawn(logits, rng.random())

    def table(self, pieces: Sequence[Piece]) -> Table:
        """The features of pieces, (N, F), as they are when finished: with drums on keys of General
        MIDI.
        """
        return feature_table([in_general_midi(piece) for piece in pieces], self.names)[1]

    def to_json(self) -> dict[str, Any]:
        """For `from_json`."""
        return {
            "names": list(self.names),
            "levels": {
                str(bars): [_rounded(part) for part in one] for bars, one in self.levels.items()
            },
        }

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Critic:
        """Read what `to_json` wrote.

        Raises
        ------
        ModelFileError : it holds something else.
        """
        try:
            levels = {
                int(bars): Level(*(np.array(part, float) for part in parts))
                for bars, parts in facts["levels"].items()
            }
            n = len(facts["names"])
            sizes = [[len(part) for part in level] for level in levels.values()]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"the critic is damaged ({error!r})") from None
        if not levels or any(size != [n, n, 2 * n] for size in sizes):
            raise ModelFileError(f"the critic is damaged: of {n} features it has {sizes}")
        return cls(facts["names"], levels)


def _rounded(values: Table) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]
