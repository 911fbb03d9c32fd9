"""The gated recurrent unit, in the form that needs one product with h a step."""

from __future__ import annotations

from dataclasses import replace

from lstm_music.cells.options import ZONEOUT_H
from lstm_music.cells.spec import CellKind, CellSpec

_SPEC = CellSpec(
    name="gru",
    rows="gru",
    gates_w=3,
    gates_u=3,
    state_order=("h",),
    cached=4,
    row_params=1,
    sums_early=False,
    gate_order=("r", "z", "n"),
    equations="""
        r = sigmoid(W_r x + U_r h(t-1) + b_r)
        z = sigmoid(W_z x + U_z h(t-1) + b_z)
        m = U_n h(t-1) + p
        n = tanh(W_n x + b_n + r m)
        h = (1 - z) n + z h(t-1)
    """,
    cite="Cho et al. (2014), arXiv:1406.1078, equations 5 to 8, with z and 1 - z the other way "
    "round and r behind the product with U_n, as in cuDNN and torch.nn.GRU; p is the second bias "
    "that this form needs (torch: bias_hh of n; its other two add up with b).",
    row_start=(0.0,),
)

GRU = CellKind("gru", (ZONEOUT_H,), lambda name, _: replace(_SPEC, name=name))
