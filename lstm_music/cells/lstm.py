"""The LSTM with forget gates, as everybody now means it."""

from __future__ import annotations

from lstm_music.cells.spec import CellSpec

LSTM = CellSpec(
    name="lstm",
    gates_w=4,
    gates_u=4,
    states=2,
    cached=4,
    row_params=0,
    sums_early=True,
    gate_order=("i", "f", "g", "o"),
    equations="""
        i = sigmoid(W_i x + U_i h(t-1) + b_i)
        f = sigmoid(W_f x + U_f h(t-1) + b_f)
        g = tanh   (W_g x + U_g h(t-1) + b_g)
        o = sigmoid(W_o x + U_o h(t-1) + b_o)
        c = f c(t-1) + i g
        h = o tanh(c)
    """,
    cite="Hochreiter & Schmidhuber (1997), Neural Computation 9(8), section 4; the forget gate: "
    "Gers, Schmidhuber & Cummins (2000), Neural Computation 12(10), section 3.1. "
    "tanh squashes g and c, as in Graves & Schmidhuber (2005).",
)
