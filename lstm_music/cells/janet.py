"""The LSTM with a forget gate and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lstm_music.cells.gated import FORGET_BIAS, bias_start
from lstm_music.cells.options import ZONEOUT_H
from lstm_music.cells.spec import CellKind, CellSpec

_SPEC = CellSpec(
    name="janet",
    rows="janet",
    gates_w=2,
    gates_u=2,
    state_order=("h",),
    cached=2,
    row_params=0,
    sums_early=True,
    gate_order=("f", "g"),
    equations="""
        a = W_f x + U_f h(t-1) + b_f
        f = sigmoid(a)
        g = tanh(W_g x + U_g h(t-1) + b_g)
        h = f h(t-1) + (1 - sigmoid(a - 1)) g
    """,
    cite="Van der Westhuizen & Lasenby (2018), arXiv:1804.04849, with its beta at 1, so that a "
    "little more comes in than is forgotten, and h, which is also the memory, stays below e.",
)


def _spec(name: str, values: Mapping[str, Any]) -> CellSpec:
    return replace(_SPEC, name=name, bias_start=bias_start(_SPEC.gate_order, values))


JANET = CellKind("janet", (FORGET_BIAS, ZONEOUT_H), _spec)
