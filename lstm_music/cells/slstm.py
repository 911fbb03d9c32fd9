"""The scalar LSTM of the xLSTM: an exponential input gate, and a normaliser beside the memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from lstm_music.cells.gated import FORGET_BIAS, bias_start
from lstm_music.cells.options import ZONEOUT_H, canonical, choice
from lstm_music.cells.spec import CellKind, CellSpec

Forget = Literal["sigmoid", "exp"]

FORGETS: tuple[Forget, ...] = ("sigmoid", "exp")

F = choice("f", *FORGETS)
"""What the forget gate is of the sums under it; its logarithm is what the equations have."""

_ORDER = ("i", "f", "g", "o")

_SUMS = "W_f x + U_f h(t-1) + b_f"
_LOG_SIGMOID = f"log(sigmoid({_SUMS}))"
START = "Where n(t-1) is not above 0, the factor of c(t-1) and n(t-1) is 0, and m = i."

_EQUATIONS = f"""
        {START}
        i = W_i x + U_i h(t-1) + b_i
        f = {_LOG_SIGMOID}
        g = tanh(W_g x + U_g h(t-1) + b_g)
        o = sigmoid(W_o x + U_o h(t-1) + b_o)
        m = max(f + m(t-1), i)
        c = exp(f + m(t-1) - m) c(t-1) + exp(i - m) g
        n = exp(f + m(t-1) - m) n(t-1) + exp(i - m)
        h = o c / n
    """


def _spec(name: str, values: Mapping[str, Any]) -> CellSpec:
    equations = _EQUATIONS
    if values["f"] == "exp":
        equations = equations.replace(_LOG_SIGMOID, _SUMS)
    return CellSpec(
        name=name,
        rows=canonical("slstm", (F,), values),
        gates_w=4,
        gates_u=4,
        state_order=("h", "c", "n", "m"),
        cached=4,
        row_params=0,
        sums_early=True,
        gate_order=_ORDER,
        equations=equations,
        cite="Beck, Poeppel, Spanring, Auer, Prudnikova, Kopp, Klambauer, Brandstetter & "
        "Hochreiter (2024), arXiv:2405.04517, section 2.2, the scalar memory with its stabiliser "
        "m, in one head, so that U is whole, and without the block around it (convolution, group "
        "norm, projections). c and n are the paper's times exp(-m), which h does not notice. The "
        "first step is each unit's own: n is above 0 from then on. With f=exp a forget_bias above "
        "0 makes the old state grow until nothing new counts; take 0 or less.",
        bias_start=bias_start(_ORDER, values),
    )


# No zoneout of c: an old c beside a new n and m is on another scale.
SLSTM = CellKind("slstm", (F, FORGET_BIAS, ZONEOUT_H), _spec)
