"""The simple recurrent network: what all the gates are measured against."""

from __future__ import annotations

from dataclasses import replace

from lstm_music.cells.options import ZONEOUT_H
from lstm_music.cells.spec import CellKind, CellSpec

_SPEC = CellSpec(
    name="rnn",
    rows="rnn",
    gates_w=1,
    gates_u=1,
    state_order=("h",),
    cached=1,
    row_params=0,
    sums_early=True,
    gate_order=("h",),
    equations="""
        h = tanh(W x + U h(t-1) + b)
    """,
    cite="Elman (1990), Cognitive Science 14(2), 179-211; torch.nn.RNN.",
)

RNN = CellKind("rnn", (ZONEOUT_H,), lambda name, _: replace(_SPEC, name=name))
