"""The rows of the gated family; equations in ``cells/gated.py``, shapes in ``reference/rows.py``.

The cache holds the gates that the cell has, in the order of ``gate_order``; tanh(c) is computed
again on the way back, which costs less than keeping it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_music.cells.gated import Gating
from lstm_music.reference.math import d_sigmoid, d_tanh, sigmoid, tanh
from lstm_music.types import FloatArray


@dataclass(frozen=True, slots=True)
class GatedRows:
    """The two row functions of one member of the family."""

    gating: Gating

    def forward(
        self, wx: FloatArray, uh: FloatArray, s_prev: FloatArray, p: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """One step."""
        order, c_prev = self.gating.gate_order, s_prev[1]
        sums = dict(zip(order, np.moveaxis(wx + uh, 1, 0)))
        peep = dict(zip(self.gating.peep_order, p))

        gates = {"g": tanh(sums["g"]) if self.gating.g == "tanh" else sums["g"]}
        for name in order:
            if name in ("i", "f"):
                seen = peep[name] * c_prev if name in peep else 0
                gates[name] = sigmoid(sums[name] + seen)
        i, f = self._i_and_f(gates)
        c = f * c_prev + i * gates["g"]
        if "o" in order:
            gates["o"] = sigmoid(sums["o"] + (peep["o"] * c if "o" in peep else 0))
        h = gates.get("o", 1) * self._squash(c)
        return np.stack([h, c]), np.stack([gates[name] for name in order], axis=1)

    def backward(
        self,
        ds: FloatArray,
        s_prev: FloatArray,
        s_next: FloatArray,
        k: FloatArray,
        p: FloatArray,
        dp: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The same step backwards. ``d[x]`` is dLoss/d the sum under the gate x."""
        gating, (dh, dc), c_prev, c = self.gating, ds, s_prev[1], s_next[1]
        gates = dict(zip(gating.gate_order, np.moveaxis(k, 1, 0)))
        peep = dict(zip(gating.peep_order, p))
        g, o, squashed = gates["g"], gates.get("o", 1), self._squash(c)
        i, f = self._i_and_f(gates)

        d = {"o": dh * squashed * d_sigmoid(o)} if "o" in gates else {}
        dc = dc + dh * o * (d_tanh(squashed) if gating.s_h == "tanh" else 1)
        if "o" in peep:
            dc = dc + d["o"] * peep["o"]
        di, df = dc * g, dc * c_prev
        if gating.i == "rest":
            df = df - di
        if gating.f == "rest":
            di = di - df
        d["g"] = dc * i * (d_tanh(g) if gating.g == "tanh" else 1)
        dc_prev = dc * f
        for name, gradient in (("i", di), ("f", df)):
            if name in gates:
                d[name] = gradient * d_sigmoid(gates[name])
            if name in peep:
                dc_prev = dc_prev + d[name] * peep[name]
        for row, name in enumerate(gating.peep_order):
            dp[row] += (d[name] * (c if name == "o" else c_prev)).sum(axis=0)
        dsums = np.stack([d[name] for name in gating.gate_order], axis=1)
        return dsums, dsums, np.stack([np.zeros_like(dh), dc_prev])

    def _i_and_f(self, gates: dict[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Both factors, whether a gate stands behind them or not."""
        one = np.ones_like(gates["g"])
        if self.gating.i == "rest":
            return 1 - gates["f"], gates["f"]
        if self.gating.f == "rest":
            return gates["i"], 1 - gates["i"]
        return gates.get("i", one), gates.get("f", one)

    def _squash(self, c: FloatArray) -> FloatArray:
        """The cell's state as the output gate lets it out."""
        return tanh(c) if self.gating.s_h == "tanh" else c
