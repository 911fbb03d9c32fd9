"""Gated cells whose recurrent weights see more, or other, than h.

Each is a member of the gated family (``cells/gated.py``) in all but what ``U`` multiplies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from lstm_music.cells.gated import SQUASHES, Gating, bias_start, options_of
from lstm_music.cells.spec import CellKind, CellSpec

PEEPHOLE_CELL = CellSpec(
    name="peephole-cell",
    rows="peephole-cell",
    gates_w=4,
    gates_u=3,
    states=2,
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
    states=5,
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
    "i f o to i f o. States: h c i f o.",
    fed=(0,) * 4 + (2,) * 3 + (3,) * 3 + (4,) * 3,
)


GATINGS: dict[str, Gating] = {
    f"{cell.name}{end}": replace(gating, s_h=s_h)
    for cell, gating in ((PEEPHOLE_CELL, Gating()), (FGR, Gating(peepholes=True)))
    for s_h, end in SQUASHES
}
"""The member of the gated family that the rows of each name are, behind their sums."""


def _spec(base: CellSpec, name: str, values: Mapping[str, Any]) -> CellSpec:
    starts = replace(base, name=name, bias_start=bias_start(base.gate_order, values))
    if values["s_h"] == "tanh":
        return starts
    equations = base.equations.replace("h = o tanh(c)", "h = o c")
    return replace(starts, rows=base.rows + dict(SQUASHES)["identity"], equations=equations)


KINDS: tuple[CellKind, ...] = tuple(
    CellKind(base.name, options_of(GATINGS[base.rows]), partial(_spec, base))
    for base in (PEEPHOLE_CELL, FGR)
)
"""These cells for the registry."""
