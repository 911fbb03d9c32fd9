"""A critic: how much more like real music than like a model's own a draft is, bars after bars.

It is the judge's logistic regression (`lstm_music.evaluate.judge`), fitted to real training pieces
and to samples of the model, and written into the model file. Where a model draws several drafts of
some bars, one is kept at random with odds of the density ratio of real music to samples, which is
what the logit estimates (sampling and importance resampling; Rubin 1988). So what is kept varies as
real music does; the best alone would not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ModelFileError
from lstm_music.evaluate.features.table import feature_table
from lstm_music.music.excerpt import excerpt
from lstm_music.music.instruments.drum_keys import in_general_midi
from lstm_music.music.piece import Piece
from lstm_music.nn.odds import drawn

WINDOW_BARS = 2
"""There are many times more windows than pieces to learn from, and two bars hold a bar line."""

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
    window : the logit of any `WINDOW_BARS` bars; None: 0.
    """

    def __init__(
        self, names: Sequence[str], levels: Mapping[int, Level], window: Level | None = None
    ) -> None:
        self.names = tuple(names)
        self.levels = dict(sorted(levels.items()))
        self.window = window

    def logits(self, drafts: Sequence[Piece], n_bars: int) -> Table:
        """(N,): higher where a draft looks more like real music; -inf of a silent one.

        Parameters
        ----------
        drafts : with ``n_bars`` bars each, in one meter and without a pickup. Of more than the
            longest that it is fitted to, the last are looked at. The window is that of the last
            bars.
        """
        found = np.zeros(len(drafts))
        if self.levels:
            found += self._last(drafts, n_bars, list(self.levels)[-1], self._of_length(n_bars))
        if self.window is not None and n_bars >= WINDOW_BARS:
            found += self._last(drafts, n_bars, WINDOW_BARS, self.window.logits)
        return found

    def _last(
        self,
        drafts: Sequence[Piece],
        n_bars: int,
        length: int,
        logits: Callable[[Table], Table],
    ) -> Table:
        """(N,): the logits of the last ``length`` bars; -inf where these are silent."""
        steps = drafts[0].meters[0].bar_steps
        start = max(n_bars - length, 0) * steps
        parts = [excerpt(draft, start, n_bars * steps) for draft in drafts]
        sounding = [len(part.notes) > 0 for part in parts]
        found = np.full(len(parts), -np.inf)
        if any(sounding):
            found[sounding] = logits(self.table([part for part in parts if len(part.notes)]))
        return found

    def _of_length(self, n_bars: int) -> Callable[[Table], Table]:
        """The logit of a piece's first bars: a mixture of the nearest lengths that are fitted."""
        lengths = list(self.levels)
        at = float(np.clip(n_bars, lengths[0], lengths[-1]))
        shorter = max(length for length in lengths if length <= at)
        longer = min(length for length in lengths if length >= at)
        share = (at - shorter) / max(longer - shorter, 1)

        def logits(table: Table) -> Table:
            short, long = self.levels[shorter].logits(table), self.levels[longer].logits(table)
            return (1 - share) * short + share * long

        return logits

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
        facts: dict[str, Any] = {
            "names": list(self.names),
            "levels": {
                str(bars): [_rounded(part) for part in one] for bars, one in self.levels.items()
            },
        }
        if self.window is not None:
            facts["window"] = [_rounded(part) for part in self.window]
        return facts

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Critic:
        """Read what `to_json` wrote.

        Raises
        ------
        ModelFileError : it holds something else.
        """
        try:
            levels = {int(bars): _level(parts) for bars, parts in facts["levels"].items()}
            window = _level(facts["window"]) if "window" in facts else None
            n = len(facts["names"])
            every = [*levels.values(), *([] if window is None else [window])]
            sizes = [[len(part) for part in level] for level in every]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"the critic is damaged ({error!r})") from None
        if not every or any(size != [n, n, 2 * n] for size in sizes):
            raise ModelFileError(f"the critic is damaged: of {n} features it has {sizes}")
        return cls(facts["names"], levels, window)


def _level(parts: Sequence[Sequence[float]]) -> Level:
    return Level(*(np.array(part, float) for part in parts))


def _rounded(values: Table) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]
