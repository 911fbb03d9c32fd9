"""Evolino on a series: how good a network is at going on with it by itself.

Schmidhuber, Wierstra, Gagliolo & Gomez (2007), section 2.1. First the network reads the series
(teacher forcing) while the readout is fitted in closed form to predict the next value; then it runs
on its own answers, and its error there is its fitness.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError, ShapeError
from lstm_music.evolution.closed_loop import can_fold, folded, free_run
from lstm_music.evolution.population import SideBySide
from lstm_music.evolution.readout import Fit, pseudo_inverse
from lstm_music.evolution.subpopulations import unit_groups
from lstm_music.nn.cell import Cell
from lstm_music.nn.sequence_net import SequenceNet
from lstm_music.types import FloatArray, Params

WORST = 1e6
"""Loss of a network that runs away."""


class SeriesFitness:
    """The closed-loop error of networks of one layer on a series.

    Parameters
    ----------
    net : whose sizes and cell the candidates have: D inputs and as many outputs, one layer, no
        shortcut. Its weights do not matter.
    values : (N, D) the series, of which all is known.
    washout : steps read before the readout is fitted to the rest.
    starts : steps from which the network goes on by itself; None: the end of the washout.
    horizon : for so many steps; None: to the end.
    fit : the readout.
    noise : deviation of noise added to the inputs while the readout is fitted, always the same;
        it makes the closed loop forgive small errors (Jaeger 2001). 0: none.

    Attributes
    ----------
    size : n of a candidate: all parameters of the net but those of its readout.

    Raises
    ------
    ConfigError : a start or the washout lies outside the series.
    ShapeError : the series does not fit the net, or the net has several layers or a shortcut.
    """

    def __init__(
        self,
        net: SequenceNet,
        values: FloatArray,
        *,
        washout: int,
        starts: Sequence[int] | None = None,
        horizon: int | None = None,
        fit: Fit = pseudo_inverse,
        noise: float = 0.0,
    ) -> None:
        if len(net.cells) != 1 or net.V.shape[1] != net.cells[0].hidden_size:
            raise ShapeError("Evolino is for one recurrent layer, read without a shortcut")
        if values.shape[1:] != (net.input_size,) or net.output_size != net.input_size:
            raise ShapeError(
                f"the net must have as many inputs and outputs as the series has columns, got "
                f"{net.input_size} and {net.output_size} for a series of shape {values.shape}"
            )
        self._starts = [washout] if starts is None else sorted(starts)
        self._horizon = len(values) - self._starts[-1] if horizon is None else horizon
        last = self._starts[-1] + self._horizon
        if not 1 <= washout <= self._starts[0] or self._horizon < 1 or last > len(values):
            raise ConfigError(
                f"a washout of {washout} steps, starts at {self._starts[0]}..{self._starts[-1]} "
                f"and {self._horizon} steps from there must lie in a series of {len(values)} steps"
            )
        self._net, self._fit = net, fit
        self._values = values.astype(net.dtype)
        rng = np.random.default_rng(0)
        heard = self._values + noise * rng.standard_normal(values.shape)
        self._inputs = heard.astype(net.dtype)[:, None]
        self._washout = washout
        self._spread = max(float(values.std()), np.finfo(np.float64).tiny)
        self.size = net.flat.size - net.V.size - net.a.size

    @property
    def groups(self) -> list[npt.NDArray[np.int64]]:
        """The numbers of each unit, for `SubPopulations`."""
        return unit_groups([self._net.cells[0].params])

    def __call__(self, candidates: FloatArray) -> npt.NDArray[np.float64]:
        """Root mean squared closed-loop error of each candidate (P, n), in deviations of the
        series (NRMSE), (P,).
        """
        members = [self._params(candidate) for candidate in candidates]
        together = SideBySide(self._net.cells[0].spec, members, self._net.backend)
        losses = np.empty(len(candidates))
        for part, cell in together:
            found = self._together(together, members[part], cell)
            if max(found) >= WORST and len(found) > 1:
                # Zero times infinity is no number: one that runs away spoils those beside it.
                found = [self._alone(member) for member in members[part]]
            losses[part] = found
        return losses

    def _alone(self, member: Params) -> float:
        one = SideBySide(self._net.cells[0].spec, [member], self._net.backend)
        return self._together(one, [member], next(iter(one))[1])[0]

    def _together(self, together: SideBySide, members: list[Params], cell: Cell) -> list[float]:
        """The losses of the members that ``cell`` is."""
        features, states = self._read(cell)
        if not np.isfinite(features).all():
            return [WORST] * len(members)
        phis = together.split(features)
        wanted = self._values[self._washout + 1 :]
        readouts = [self._fit(phi[self._washout : -1], wanted) for phi in phis]
        return list(map(self._loss, self._run(together, members, states, phis, readouts)))

    def trained(self, candidate: FloatArray) -> SequenceNet:
        """The network of a candidate, its readout fitted to the whole series; the fitness's own."""
        net = self._net
        net.flat[: self.size] = candidate
        features, _, _ = net.features(self._inputs)
        phi = features[self._washout : -1, 0]
        net.V[...], net.a[...] = self._fit(phi, self._values[self._washout + 1 :])
        return net

    def _params(self, candidate: FloatArray) -> Params:
        params, start = {}, 0
        for name, like in self._net.cells[0].params.items():
            params[name] = candidate[start : start + like.size].reshape(like.shape)
            start += like.size
        return params

    def _read(self, cell: Cell) -> tuple[FloatArray, FloatArray]:
        """Features (N, H) of teacher forcing, and the states (states, starts, H) at the starts."""
        features, states, done = [], [], 0
        state: FloatArray | None = None
        for stop in (*self._starts, len(self._values)):
            if stop > done:
                y, state, _ = cell.forward(self._inputs[done:stop], state)
                features.append(y[:, 0])
            done = stop
            states.append(state)
        before = [kept for kept in states[:-1] if kept is not None]
        return np.concatenate(features), np.concatenate(before, axis=1)

    def _run(
        self,
        together: SideBySide,
        members: list[Params],
        states: FloatArray,
        phis: list[FloatArray],
        readouts: list[tuple[FloatArray, FloatArray]],
    ) -> list[FloatArray]:
        """What each member says from the starts on, (horizon, starts, O)."""
        first = [phi[np.array(self._starts) - 1] @ V.T + a for phi, (V, a) in zip(phis, readouts)]
        if self._horizon == 1:
            return [said[None] for said in first]
        steps = self._horizon - 1
        if not can_fold(self._net.cells[0].spec):
            return self._run_stepwise(members, together.split(states), first, readouts)
        loops = [folded(params, V, a) for params, (V, a) in zip(members, readouts)]
        looped = SideBySide(self._net.cells[0].spec, loops, self._net.backend, len(loops))
        _, cell = next(iter(looped))
        nothing = np.zeros((steps, len(self._starts), self._net.input_size), self._net.dtype)
        y, _, _ = cell.forward(nothing, states)
        return [
            np.concatenate([said[None], phi @ V.T + a])
            for said, phi, (V, a) in zip(first, together.split(y), readouts)
        ]

    def _run_stepwise(
        self,
        members: list[Params],
        states: list[FloatArray],
        first: list[FloatArray],
        readouts: list[tuple[FloatArray, FloatArray]],
    ) -> list[FloatArray]:
        runs, net = [], self._net
        for params, state, said, (V, a) in zip(members, states, first, readouts):
            net.flat[: self.size] = np.concatenate([p.ravel() for p in params.values()])
            net.V[...], net.a[...] = V, a
            rest, _ = free_run(net, said, [np.ascontiguousarray(state)], self._horizon - 1)
            runs.append(np.concatenate([said[None], rest]))
        return runs

    def _loss(self, run: FloatArray) -> float:
        wanted = np.stack([self._values[s : s + self._horizon] for s in self._starts], axis=1)
        with np.errstate(over="ignore", invalid="ignore"):
            error = float(np.sqrt(np.square(run - wanted).mean())) / self._spread
        return min(error, WORST) if np.isfinite(error) else WORST
