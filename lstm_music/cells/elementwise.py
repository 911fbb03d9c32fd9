"""Cells without a recurrent matrix: a unit sees the inputs and its own past, no other unit's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from lstm_music.cells.gated import FORGET_BIAS, bias_start
from lstm_music.cells.options import ZONEOUT_C, ZONEOUT_H, canonical, choice
from lstm_music.cells.spec import CellKind, CellSpec

Activation = Literal["relu", "tanh"]

ACTIVATIONS: tuple[Activation, ...] = ("relu", "tanh")

ACTIVATION = choice("activation", *ACTIVATIONS)
"""Of the sums of ``indrnn``."""

_FENG = "Feng, Tung, Ahmed, Bengio & Hajimirsadeghi (2024), arXiv:2410.01201, "

_MINLSTM = CellSpec(
    name="minlstm",
    rows="minlstm",
    gates_w=3,
    gates_u=0,
    state_order=("h",),
    cached=3,
    row_params=0,
    sums_early=True,
    gate_order=("i", "f", "g"),
    equations="""
        i = sigmoid(W_i x + b_i)
        f = sigmoid(W_f x + b_f)
        g = W_g x + b_g
        h = f / (f + i) h(t-1) + i / (f + i) g
    """,
    cite=_FENG + "minLSTM: no gate sees h, the two that remain are scaled to a sum of 1, and "
    "what is written has no bound of its own (without the positive g of its logarithmic form).",
)

_MINGRU = CellSpec(
    name="mingru",
    rows="mingru",
    gates_w=2,
    gates_u=0,
    state_order=("h",),
    cached=2,
    row_params=0,
    sums_early=True,
    gate_order=("z", "n"),
    equations="""
        z = sigmoid(W_z x + b_z)
        n = W_n x + b_n
        h = (1 - z) h(t-1) + z n
    """,
    cite=_FENG + "minGRU: no gate sees h, and what is written has no bound of its own (without "
    "the positive n of its logarithmic form). z writes; in gru it keeps.",
)

_SRU = CellSpec(
    name="sru",
    rows="sru",
    gates_w=4,
    gates_u=0,
    state_order=("h", "c"),
    cached=4,
    row_params=2,
    sums_early=True,
    gate_order=("f", "g", "r", "s"),
    equations="""
        f = sigmoid(W_f x + p_f c(t-1) + b_f)
        g = W_g x + b_g
        c = f c(t-1) + (1 - f) g
        r = sigmoid(W_r x + p_r c(t-1) + b_r)
        s = W_s x + b_s
        h = r c + (1 - r) s
    """,
    cite="Lei, Zhang, Wang, Dai & Artzi (2018), arXiv:1709.02755, section 2, with p as its v. "
    "The highway passes s, a map of x, where the paper passes x itself, which need not be as wide "
    "as h; and g and s have biases.",
)

_INDRNN = CellSpec(
    name="indrnn",
    rows="indrnn",
    gates_w=1,
    gates_u=0,
    state_order=("h",),
    cached=1,
    row_params=1,
    sums_early=True,
    gate_order=("h",),
    equations="""
        h = relu(W x + p h(t-1) + b)
    """,
    cite="Li, Li, Cook, Zhu & Gao (2018), arXiv:1803.04831, section 3, with p as its u, which "
    "starts between 0 and 1, a memory of its own for each unit. Nothing keeps p below 1 later: "
    "with relu such a unit grows without end.",
    row_start=((0.0, 1.0),),
)


def _gated(spec: CellSpec, name: str, values: Mapping[str, Any]) -> CellSpec:
    return replace(spec, name=name, bias_start=bias_start(spec.gate_order, values))


def _indrnn(name: str, values: Mapping[str, Any]) -> CellSpec:
    return replace(
        _INDRNN,
        name=name,
        rows=canonical("indrnn", (ACTIVATION,), values),
        equations=_INDRNN.equations.replace("relu", values["activation"]),
    )


KINDS: tuple[CellKind, ...] = (
    CellKind("minlstm", (FORGET_BIAS, ZONEOUT_H), partial(_gated, _MINLSTM)),
    CellKind("mingru", (ZONEOUT_H,), lambda name, _: replace(_MINGRU, name=name)),
    CellKind("sru", (FORGET_BIAS, ZONEOUT_C, ZONEOUT_H), partial(_gated, _SRU)),
    CellKind("indrnn", (ACTIVATION, ZONEOUT_H), _indrnn),
)
"""These cells for the registry."""
