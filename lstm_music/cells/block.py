"""Memory blocks: several cells behind one set of gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lstm_music.cells.gated import Gating, gated_spec, options_of
from lstm_music.cells.options import sizes
from lstm_music.cells.spec import Blocks, CellKind, CellSpec

_EQUATIONS = """
        B(a) = the H / size values of a, one a block, each for all cells of its block
        i = B(sigmoid(W_i x + U_i h(t-1) + b_i))
        f = B(sigmoid(W_f x + U_f h(t-1) + b_f))
        g = tanh(W_g x + U_g h(t-1) + b_g)
        c = f c(t-1) + i g
        o = B(sigmoid(W_o x + U_o h(t-1) + b_o))
        h = o tanh(c)
    """

_CITE = (
    "Hochreiter & Schmidhuber (1997), Neural Computation 9(8), section 4: S memory cells that "
    "share one input gate and one output gate are a memory block of size S; the forget gate, one "
    "a block as well: Gers, Schmidhuber & Cummins (2000), Neural Computation 12(10)."
)


def _spec(name: str, values: Mapping[str, Any]) -> CellSpec:
    (size,) = values["size"]
    spec = gated_spec(Gating(), _CITE, name, values)
    equations = _EQUATIONS if values["s_h"] == "tanh" else _EQUATIONS.replace("tanh(c)", "c")
    return replace(spec, equations=equations, made_of=Blocks(size))


BLOCK = CellKind("block", (sizes("size", (2,), (1,), 1 << 15), *options_of(Gating())), _spec)
