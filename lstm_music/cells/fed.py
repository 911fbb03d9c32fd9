"""Gated cells whose recurrent weights see more, or other, than h.

Each is a member of the gated family (``cells/gated.py``) in all but what ``U`` multiplies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from lstm_music.cells.gated import FORGET_BIAS, S_H, SQUASHES, Gating, bias_start
from lstm_music.cells.options import ZONEOUT_C, ZONEOUT_H, Option, canonical, choice
from lstm_music.cells.spec import CellKind, CellSpec, MappedInput

PEEPHOLE_CELL = CellSpec(
    name="peephole-cell",
    rows="peephole-cell",
    gates_w=4,
    gates_u=3,
    state_order=("h", "c"),
    cached=4,
    row_params=0,
    sums_early=False,
    gate_order=("i", "f", "g", "o"),
    equations="""
        i = sigmoid(W_i x + U_i c(t-1) + b_i)
        f = sigmoid(W_f x + U_f c(t-1) + b_f)
        g = tanh(W_g x + b_g)
        c = f c(t-1) + i g
        o = sigmoid(W_o x + U_o c(t-1) + b_o)
        h = o tanh(c)
    """,
    cite="The peephole form in which all gates see the old cell state through a full matrix in "
    "place of h, after Gers, Schraudolph & Schmidhuber (2002), JMLR 3, 115-143, whose peepholes "
    "are diagonal and stand beside h.",
    fed=(1, 1, 1),
)

FGR = CellSpec(
    name="fgr",
    rows="fgr",
    gates_w=4,
    gates_u=13,
    state_order=("h", "c", "i", "f", "o"),
    cached=4,
    row_params=3,
    sums_early=False,
    gate_order=("i", "f", "g", "o"),
    equations="""
        i = sigmoid(W_i x + U_i h(t-1) + U_ii i(t-1) + U_fi f(t-1) + U_oi o(t-1) + p_i c(t-1) + b_i)
        f = sigmoid(W_f x + U_f h(t-1) + U_if i(t-1) + U_ff f(t-1) + U_of o(t-1) + p_f c(t-1) + b_f)
        g = tanh(W_g x + U_g h(t-1) + b_g)
        c = f c(t-1) + i g
        o = sigmoid(W_o x + U_o h(t-1) + U_io i(t-1) + U_fo f(t-1) + U_oo o(t-1) + p_o c + b_o)
        h = o tanh(c)
    """,
    cite="Greff, Srivastava, Koutnik, Steunebrink & Schmidhuber (2015), arXiv:1503.04069: the "
    "vanilla LSTM with peepholes of section II, changed as the list of variants says: full gate "
    "recurrence, nine more matrices; the cell's input g has none. U: h to i f g o, then each of "
    "i f o to i f o.",
    fed=(0,) * 4 + (2,) * 3 + (3,) * 3 + (4,) * 3,
)


MEMORY_GATED = CellSpec(
    name="memory-gated",
    rows="memory-gated",
    gates_w=4,
    gates_u=3,
    state_order=("h", "c"),
    cached=4,
    row_params=0,
    sums_early=False,
    gate_order=("r", "f", "u", "o"),
    equations="""
        u = M_in x
        r = sigmoid(W_r u + U_r c(t-1) + b_r)
        f = sigmoid(W_f u + U_f c(t-1) + b_f)
        c = f c(t-1) + r u
        o = sigmoid(W_o u + U_o c(t-1) + b_o)
        h = o c
    """,
    cite="We know of no paper that has this cell. Its kin is peephole-cell, after Gers, "
    "Schraudolph & Schmidhuber (2002), with what goes in and out left linear, and x mapped into "
    "the memory's space before all else.",
    fed=(1, 1, 1),
    made_of=MappedInput(),
)

_TANH_OUT, _LINEAR_OUT = "h = o tanh(c)", "h = o c"
_BASES = (
    (PEEPHOLE_CELL, Gating(), S_H),
    (FGR, Gating(peepholes=True), S_H),
    (MEMORY_GATED, Gating(g="identity", s_h="identity"), choice("s_h", "identity", "tanh")),
)


def _spec(base: CellSpec, s_h: Option, name: str, values: Mapping[str, Any]) -> CellSpec:
    equations = base.equations.replace(_TANH_OUT, _LINEAR_OUT)
    if values["s_h"] == "tanh":
        equations = equations.replace(_LINEAR_OUT, _TANH_OUT)
    return replace(
        base,
        name=name,
        rows=canonical(base.name, (s_h,), values),
        equations=equations,
        bias_start=bias_start(base.gate_order, values),
    )


GATINGS: dict[str, Gating] = {
    canonical(base.name, (s_h,), {"s_h": squash}): replace(gating, s_h=squash)
    for base, gating, s_h in _BASES
    for squash in SQUASHES
}
"""The member of the gated family that the rows of each name are, behind their sums."""

KINDS: tuple[CellKind, ...] = tuple(
    CellKind(base.name, (s_h, FORGET_BIAS, ZONEOUT_C, ZONEOUT_H), partial(_spec, base, s_h))
    for base, _, s_h in _BASES
)
"""These cells for the registry."""
