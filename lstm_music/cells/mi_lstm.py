"""The LSTM whose gates see the product of what x and h give them, beside the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lstm_music.cells.gated import S_H, Gating, gated_spec, options_of
from lstm_music.cells.options import canonical
from lstm_music.cells.spec import CellKind, CellSpec

_GATES = "ifgo"
_SUMS = (
    *(f"w_{gate} = W_{gate} x + b_{gate}" for gate in _GATES),
    *(f"u_{gate} = U_{gate} h(t-1)" for gate in _GATES),
)


def _spec(name: str, values: Mapping[str, Any]) -> CellSpec:
    """The LSTM with other sums under its gates."""
    base = gated_spec(
        Gating(),
        "Wu, Zhang, Zhang, Bengio & Salakhutdinov (2016), arXiv:1606.06630, the general form, "
        "with alpha, beta_1 and beta_2 as the first, second and third four rows of p; its bias "
        "stands with W x, inside the products, which p makes up for. All start at 1.",
        name,
        values,
    )
    equations = base.equations
    for row, gate in enumerate(_GATES):
        plain = f"W_{gate} x + U_{gate} h(t-1) + b_{gate}"
        mixed = f"p_{row} w_{gate} u_{gate} + p_{4 + row} u_{gate} + p_{8 + row} w_{gate}"
        equations = equations.replace(plain, mixed)
    return replace(
        base,
        rows=canonical("mi-lstm", (S_H,), values),
        cached=12,
        row_params=12,
        sums_early=False,
        equations="\n" + "".join(f"        {line}\n" for line in _SUMS) + equations[1:],
        row_start=(1.0,) * 12,
    )


MI_LSTM = CellKind("mi-lstm", options_of(Gating()), _spec)
