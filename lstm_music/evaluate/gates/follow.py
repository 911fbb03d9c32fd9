"""What the units of a network follow in a piece, and how surely.

A unit's values, one an onset, are explained linearly by something in the music (its place in the
bar, the pitch classes that sound, ...). The figure is the share of the variance that is explained
in stretches of a few bars that were held out, each in its turn, within each stretch: 1 is all of
it, 0 or less nothing. A unit that drifts all through the piece seems to rise in every phrase; so
its drift, a polynomial of the third degree, is taken out before.

Units are many, so chance explains some of them. Therefore all is done again 99 times with the music
moved against the units: in each stretch it is turned round by a random number of onsets. What goes
on within a stretch, in the units and in the music, stays as it was; only what ties the two does
not. A unit is said to follow something if it does better than the best of all units did in each of
these (the largest statistic: Westfall & Young 1993, "Resampling-Based Multiple Testing"). So of
pieces in which nothing is followed at most one in a hundred shows any unit that seems to follow a
certain thing.

Drift itself ("time": a unit that counts) is looked for in the steps from bar line to bar line: the
share of their mean square that their mean makes up. Chance turns each step round or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.evaluate.gates.music import Target, targets
from lstm_music.evaluate.gates.record import Gates
from lstm_music.types import FloatArray

DRAWS = 99
"""How often the music is moved against the units."""

TIME = "time"
"""The name of what a unit that counts follows."""

STILL_SD = 0.05
"""A gate whose standard deviation is no larger does nothing that is worth telling."""

_RISES, _FALLS = "rises from bar to bar", "falls from bar to bar"
_DRIFT_DEGREE = 3
_FAR_SD = 3.0
_RIDGE = 0.02
"""Of the number of onsets: keeps weights small where little is known."""

_Ints = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Finding:
    """A unit that follows something.

    Attributes
    ----------
    layer, unit : from 0, as the arrays of `Gates.layers` are indexed.
    quantity : the gate or state, by its name there.
    what : what it follows: "bar", "beat", "4 bars", "pitch class", "phrase", "repeat", "time".
    how : in words: "highest at beat 1".
    explained : share of the variance in held-out bars that it explains, at most 1 (of "time": the
        share of the steps from bar to bar that is common to all).
    """

    layer: int
    quantity: str
    unit: int
    what: str
    how: str
    explained: float


@dataclass(frozen=True)
class Following:
    """What the units of a network follow in a piece.

    Attributes
    ----------
    findings : what is surer than chance, the surest of each kind first.
    chance : name of what may be followed -> the best share that any unit had of it in `DRAWS` draws
        by chance; a finding is above it.
    left_out : name -> why it cannot be told in this piece.
    series : how many units there are, each gate and state of each counted.
    """

    findings: tuple[Finding, ...]
    chance: dict[str, float]
    left_out: dict[str, str]
    series: int

    def order(self, layer: int, quantity: str, hidden_size: int) -> list[int]:
        """All units of a gate or state, those that follow the same beside each other.

        The surest first; units that follow nothing come last.
        """
        best: dict[int, Finding] = {}
        for found in self.findings:
            if (found.layer, found.quantity) != (layer, quantity):
                continue
            if found.unit not in best or found.explained > best[found.unit].explained:
                best[found.unit] = found
        kinds = list(self.chance)
        ranked = sorted(best.values(), key=lambda f: (kinds.index(f.what), f.how, -f.explained))
        first = [found.unit for found in ranked]
        return [*first, *(unit for unit in range(hidden_size) if unit not in best)]


def quantities(gates: Gates) -> list[str]:
    """What is looked at in each layer: the state that remembers, and the gates."""
    return [gates.memory, *gates.roles]


def follow(gates: Gates, *, rng_seed: int = 0) -> Following:
    """Find out what units follow.

    Parameters
    ----------
    gates : of a piece of 12 bars or more; of fewer nothing is told.
    rng_seed : of the draws; the same one gives the same findings.
    """
    found, left_out = targets(gates.piece, gates.onsets)
    keys = [(i, name) for i in range(len(gates.layers)) for name in quantities(gates)]
    rng = np.random.default_rng(rng_seed)
    findings: list[Finding] = []
    chance: dict[str, float] = {}

    def tell(what: str, shares: _Floats, by_chance: float, how: list[str]) -> None:
        chance[what] = float(by_chance)
        for column in np.argsort(-shares, kind="stable").tolist():
            if shares[column] <= by_chance:
                break
            key, unit = divmod(column, gates.hidden_size)
            layer, name = keys[key]
            share = float(shares[column])
            findings.append(Finding(layer, name, unit, what, how[column], share))

    for target in found:
        at = gates.departures if target.heard else gates.arrivals
        series = np.concatenate([gates.layers[i][name][at] for i, name in keys], axis=1)
        units = _Units(series, target.blocks, _least_spread(series, gates, keys))
        explained, weights = units.explained_by(target.values)
        draws = (units.explained_by(_moved(target, rng))[0].max() for _ in range(DRAWS))
        names = [target.tell(w) for w in weights.T]
        tell(target.name, explained, max(*draws, 0.0), names)
    if found:
        steps = _bar_steps(gates, keys)
        draws = (_constancy(_turned(steps, rng)).max() for _ in range(DRAWS))
        names = [_RISES if mean > 0 else _FALLS for mean in steps.mean(axis=0)]
        tell(TIME, _constancy(steps), max(*draws, 0.0), names)
    return Following(tuple(findings), chance, left_out, len(keys) * gates.hidden_size)


def _bar_steps(gates: Gates, keys: list[tuple[int, str]]) -> _Floats:
    """(bars - 1, U) by how much each series changes from bar to bar; 0 where that is nothing."""
    bars = gates.piece.bar_lines.bars_at(gates.onsets)
    at = gates.arrivals[np.append(True, np.diff(bars) != 0)]
    series = np.concatenate([gates.layers[i][name][at] for i, name in keys], axis=1)
    series = series.astype(np.float64)
    still = series.std(axis=0) <= _least_spread(series, gates, keys)
    return np.asarray(np.where(still, 0, np.diff(series, axis=0)))


def _constancy(steps: _Floats) -> _Floats:
    """(U,) share of the mean square of steps that their mean makes up: 1 if they are all alike."""
    square = (steps**2).mean(axis=0)
    share = np.divide(steps.mean(axis=0) ** 2, square, out=np.zeros_like(square), where=square > 0)
    return np.asarray(share)


def _turned(steps: _Floats, rng: np.random.Generator) -> _Floats:
    return np.asarray(steps * rng.choice([-1.0, 1.0], len(steps))[:, None])


def _least_spread(series: FloatArray, gates: Gates, keys: list[tuple[int, str]]) -> _Floats:
    """(U,) standard deviation up to which a series is as good as still."""
    is_gate = np.repeat([name in gates.roles for _, name in keys], gates.hidden_size)
    tiny = 1e-6 * np.abs(series).max(axis=0, initial=0) + 1e-12
    return np.asarray(np.where(is_gate, STILL_SD, tiny))


class _Units:
    """Series of units, ready to be explained many times.

    Parameters
    ----------
    series : (M, U); beyond `_FAR_SD` standard deviations a value counts as that far out.
    blocks : (M,) the stretch of each row.
    still : (U,) standard deviation up to which a series does not vary.
    """

    def __init__(self, series: FloatArray, blocks: _Ints, still: _Floats) -> None:
        self._rows = list(_rows_of(blocks))
        Y = _centred(_without_drift(series.astype(np.float64)), self._rows)
        spread = Y.std(axis=0)
        varies = spread > still
        limit = np.where(varies, _FAR_SD * spread, 0)
        Y = _centred(np.clip(Y, -limit, limit), self._rows)
        self._total = np.einsum("mu,mu->u", Y, Y)
        self._parts = [Y[rows].astype(np.float32) for rows in self._rows]

    def explained_by(self, values: _Floats) -> tuple[_Floats, _Floats]:
        """Share of each series that something explains in held-out blocks, and its weights on all.

        Parameters
        ----------
        values : (M, K).

        Returns
        -------
        explained : (U,) at most 1; -1 where a series does not vary within blocks.
        weights : (K, U) — of the values around their mean, over their standard deviation.
        """
        X = _centred(values.astype(np.float64), self._rows)
        spread = X.std(axis=0)
        X /= np.where(spread > 1e-12, spread, np.inf)
        of_block = [X[rows] for rows in self._rows]
        grams = np.stack([x.T @ x for x in of_block])
        products = np.stack(
            [x.T.astype(np.float32) @ y for x, y in zip(of_block, self._parts, strict=True)]
        )
        gram, product = grams.sum(axis=0), products.sum(axis=0)
        ridge = _RIDGE * len(X) * np.eye(len(gram))
        inverse = np.linalg.inv(gram - grams + ridge).astype(np.float32)
        weights = inverse @ (product - products)
        # |y|² - |y - X w|², summed over the blocks
        left = 2 * products - grams.astype(np.float32) @ weights
        gained = np.einsum("bku,bku->u", weights, left)
        explained = np.full(len(self._total), -1.0)
        np.divide(gained, self._total, out=explained, where=self._total > 0)
        return explained, np.linalg.solve(gram + ridge, product)


def _without_drift(series: _Floats) -> _Floats:
    """The series (M, U) less the polynomial of the third degree that fits best."""
    basis, _ = np.linalg.qr(np.vander(np.linspace(-1, 1, len(series)), _DRIFT_DEGREE + 1))
    return np.asarray(series - basis @ (basis.T @ series))


def _centred(values: _Floats, blocks: list[_Ints]) -> _Floats:
    """Each column around its mean in each block."""
    for rows in blocks:
        values[rows] -= values[rows].mean(axis=0)
    return values


def _moved(target: Target, rng: np.random.Generator) -> _Floats:
    """The values, turned round within each block by a random number of onsets."""
    order = np.concatenate(
        [np.roll(rows, int(rng.integers(len(rows)))) for rows in _rows_of(target.blocks)]
    )
    return np.asarray(target.values[order])


def _rows_of(blocks: _Ints) -> Iterator[_Ints]:
    """The onsets of each block, in order."""
    for number in range(int(blocks.max()) + 1):
        rows = np.flatnonzero(blocks == number)
        if len(rows):
            yield rows
