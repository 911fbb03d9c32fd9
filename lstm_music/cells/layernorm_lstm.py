"""The LSTM whose gates and cell are normalised over the layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstm_music.cells.gated import S_H, Gating, options_of
from lstm_music.cells.options import canonical
from lstm_music.cells.spec import CellKind, CellSpec

EPSILON = 1e-5
"""Added to each variance; ``src/c/rows_layernorm.inc`` has the same."""

_EQUATIONS = """
        N(a) = (a - mean(a)) / sqrt(variance(a) + 1e-5), both over the H units
        i = sigmoid(p_0 N(W_i x + U_i h(t-1) + b_i) + p_4)
        f = sigmoid(p_1 N(W_f x + U_f h(t-1) + b_f) + p_5)
        g = tanh(p_2 N(W_g x + U_g h(t-1) + b_g) + p_6)
        o = sigmoid(p_3 N(W_o x + U_o h(t-1) + b_o) + p_7)
        c = f c(t-1) + i g
        h = o tanh(p_8 N(c) + p_9)
    """


def _spec(name: str, values: Mapping[str, Any]) -> CellSpec:
    s_h = values["s_h"]
    return CellSpec(
        name=name,
        rows=canonical("layernorm-lstm", (S_H,), values),
        gates_w=4,
        gates_u=4,
        state_order=("h", "c"),
        cached=8,
        row_params=10,
        sums_early=True,
        gate_order=("i", "f", "g", "o"),
        equations=_EQUATIONS if s_h == "tanh" else _EQUATIONS.replace("o tanh(", "o ("),
        cite="Ba, Kiros & Hinton (2016), arXiv:1607.06450, section 3.1 and the LSTM of the "
        "supplement, with each gate normalised by itself and once, after the products with x and "
        "h are added; so does TensorFlow's LayerNormBasicLSTMCell, which normalises the carried "
        "state too, while here and in the paper c goes on as it is.",
        # The forget gate's bias is its shift: N takes a constant out of b_f.
        row_start=(1, 1, 1, 1, 0, values["forget_bias"], 0, 0, 1, 0),
    )


LAYERNORM_LSTM = CellKind("layernorm-lstm", options_of(Gating()), _spec)
