"""The LSTM whose gates and cell are normalised over the layer."""

from __future__ import annotations

from lstm_music.cells.spec import CellSpec

EPSILON = 1e-5
"""Added to each variance; ``src/c/rows_layernorm.inc`` has the same."""

LAYERNORM_LSTM = CellSpec(
    name="layernorm-lstm",
    gates_w=4,
    gates_u=4,
    states=2,
    cached=8,
    row_params=10,
    sums_early=True,
    gate_order=("i", "f", "g", "o"),
    equations="""
        N(a) = (a - mean(a)) / sqrt(variance(a) + 1e-5), both over the H units
        i = sigmoid(p_0 N(W_i x + U_i h(t-1) + b_i) + p_4)
        f = sigmoid(p_1 N(W_f x + U_f h(t-1) + b_f) + p_5)
        g = tanh(p_2 N(W_g x + U_g h(t-1) + b_g) + p_6)
        o = sigmoid(p_3 N(W_o x + U_o h(t-1) + b_o) + p_7)
        c = f c(t-1) + i g
        h = o tanh(p_8 N(c) + p_9)
    """,
    cite="Ba, Kiros & Hinton (2016), arXiv:1607.06450, section 3.1 and the LSTM of the "
    "supplement, with each gate normalised by itself and once, after the products with x and h "
    "are added; so does TensorFlow's LayerNormBasicLSTMCell, which normalises the carried state "
    "too, while here and in the paper c goes on as it is.",
    row_start=(1, 1, 1, 1, 0, 1, 0, 0, 1, 0),  # f starts out remembering: N takes that out of b_f
)
