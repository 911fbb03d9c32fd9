"""Form: which bars come back, and how far back they come from.

A bar returns exactly if it holds the very same notes, and varied if it shares more than half of
them (`lstm_music.evaluate.bars`). Means hide form: a tune that goes round in circles and one that
never returns have the mean of two good ones. So distributions are compared, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.evaluate.bars import LAGS, Bar, bar_contents
from lstm_music.music.form import jaccard
from lstm_music.music.piece import Piece

Floats = Sequence[float] | npt.NDArray[np.float64]

LOOP_LAG = 8
LOOP_SHARE = 0.6
"""A piece is a loop if so many of its bars equal the one `LOOP_LAG` bars before."""

_VARIED = 0.5
_LEAST_BARS_OF_A_LOOP = 4


@dataclass(frozen=True, slots=True)
class Form:
    """The returning bars of a piece; bars without notes are not counted.

    Parameters
    ----------
    equal : lag -> share of the bars, 0..1, that equal the one so many bars before; None where no
        bar has one.
    varied : lag -> share that is a variation of the one so many bars before.
    returning : share of the bars after the first that equal any earlier one.
    is_loop : whether 60 % of the bars equal the one 8 before; None with fewer than 4 to compare.
    """

    equal: dict[int, float | None]
    varied: dict[int, float | None]
    returning: float | None
    is_loop: bool | None


def form_of(piece: Piece) -> Form:
    """Which bars of a piece come back."""
    return form_of_bars(bar_contents(piece))


def form_of_bars(bars: Sequence[Bar]) -> Form:
    """Which bars come back, of the contents of all bars of a piece."""
    equal: dict[int, float | None] = {}
    varied: dict[int, float | None] = {}
    for lag in LAGS:
        pairs = [(a, b) for a, b in zip(bars[lag:], bars, strict=False) if a]
        equal[lag] = _share([a == b for a, b in pairs])
        varied[lag] = _share([a != b and (jaccard(a, b) or 0) > _VARIED for a, b in pairs])
    return Form(equal, varied, _returning(bars), _is_loop(bars, equal[LOOP_LAG]))


def kolmogorov(a: Floats, b: Floats) -> float | None:
    """Largest distance, 0..1, between the distribution functions of two samples; None if one is
    empty.

    Examples
    --------
    >>> kolmogorov([0, 0, 1, 1], [0, 1, 1, 1])
    0.25
    """
    if not (len(a) and len(b)):
        return None
    places = np.unique(np.concatenate([a, b]))
    below = [np.searchsorted(np.sort(x), places, side="right") / len(x) for x in (a, b)]
    return float(np.abs(below[0] - below[1]).max())


def form_figures(forms: Sequence[Form]) -> dict[str, object]:
    """Means over pieces; None of what can be told of none.

    Returns
    -------
    figures : ``equal`` and ``varied``: lag (as text) -> mean share; ``returning``: mean share;
        ``loops``: share of the pieces that are loops.
    """
    return {
        "equal": {str(lag): _mean([form.equal[lag] for form in forms]) for lag in LAGS},
        "varied": {str(lag): _mean([form.varied[lag] for form in forms]) for lag in LAGS},
        "returning": _mean([form.returning for form in forms]),
        "loops": _mean([form.is_loop for form in forms]),
    }


def returning_shares(forms: Sequence[Form]) -> npt.NDArray[np.float64]:
    """The share of returning bars of each piece that it can be told of."""
    return np.array([form.returning for form in forms if form.returning is not None], float)


def _returning(bars: Sequence[Bar]) -> float | None:
    seen: set[Bar] = set()
    returns = []
    for bar in filter(None, bars):
        returns.append(bar in seen)
        seen.add(bar)
    return _share(returns[1:])


def _is_loop(bars: Sequence[Bar], equal: float | None) -> bool | None:
    compared = sum(bool(bar) for bar in bars[LOOP_LAG:])
    return None if equal is None or compared < _LEAST_BARS_OF_A_LOOP else equal >= LOOP_SHARE


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def _mean(values: Sequence[float | bool | None]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return sum(known) / len(known) if known else None
