"""The row functions of every cell in NumPy: the definition of correct.

A call handles all batch rows of one step at once; no row looks at another. Shapes::

    wx, dwx (B, gates_w, H)    s, ds (states, B, H)    k (B, cached, H)
    uh, duh (B, gates_u, H)    p, dp (row_params, H)

Activation gradients are returned new (=); ``dp`` accumulates (+=).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lstm_music.cells.elementwise import ACTIVATION, ACTIVATIONS
from lstm_music.cells.fed import GATINGS
from lstm_music.cells.gated import ROW_NAMES, S_H, SQUASHES, Gating
from lstm_music.cells.options import canonical
from lstm_music.cells.slstm import FORGETS, F
from lstm_music.reference.elementwise import (
    IndrnnRows,
    mingru_backward,
    mingru_forward,
    minlstm_backward,
    minlstm_forward,
    sru_backward,
    sru_forward,
)
from lstm_music.reference.fed import FgrRows, PeepholeCellRows
from lstm_music.reference.gated import GatedRows
from lstm_music.reference.gru import gru_backward, gru_forward
from lstm_music.reference.janet import janet_backward, janet_forward
from lstm_music.reference.layernorm_lstm import LayernormLstmRows
from lstm_music.reference.mi_lstm import MiLstmRows
from lstm_music.reference.rnn import rnn_backward, rnn_forward
from lstm_music.reference.slstm import SlstmRows
from lstm_music.types import FloatArray

RowForward = Callable[
    [FloatArray, FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]
]
"""(wx, uh, s_prev, p) -> (s_next, k)."""

RowBackward = Callable[
    [FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray],
    tuple[FloatArray, FloatArray, FloatArray],
]
"""(ds, s_prev, s_next, k, p, dp) -> (dwx, duh, ds_prev), and dp += ..."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The two row functions of a cell."""

    forward: RowForward
    backward: RowBackward


RowsObject = (
    GatedRows | PeepholeCellRows | FgrRows | LayernormLstmRows | MiLstmRows | SlstmRows | IndrnnRows
)

_FED: dict[str, type[PeepholeCellRows | FgrRows]] = {
    "peephole-cell": PeepholeCellRows,
    "fgr": FgrRows,
    "memory-gated": PeepholeCellRows,
}


def _rows() -> dict[str, Rows]:
    objects: dict[str, RowsObject] = {name: GatedRows(gating) for gating, name in ROW_NAMES.items()}
    for name, gating in GATINGS.items():
        objects[name] = _FED[name.partition(":")[0]](GatedRows(gating))
    for s_h in SQUASHES:
        name = canonical("layernorm-lstm", (S_H,), {"s_h": s_h})
        objects[name] = LayernormLstmRows(s_h)
        name = canonical("mi-lstm", (S_H,), {"s_h": s_h})
        objects[name] = MiLstmRows(GatedRows(Gating(s_h=s_h)))
    for f in FORGETS:
        objects[canonical("slstm", (F,), {"f": f})] = SlstmRows(f)
    for activation in ACTIVATIONS:
        name = canonical("indrnn", (ACTIVATION,), {"activation": activation})
        objects[name] = IndrnnRows(activation)
    return {name: Rows(rows.forward, rows.backward) for name, rows in objects.items()} | {
        "janet": Rows(janet_forward, janet_backward),
        "minlstm": Rows(minlstm_forward, minlstm_backward),
        "mingru": Rows(mingru_forward, mingru_backward),
        "sru": Rows(sru_forward, sru_backward),
        "gru": Rows(gru_forward, gru_backward),
        "rnn": Rows(rnn_forward, rnn_backward),
    }


ROWS: dict[str, Rows] = _rows()
"""Row functions by ``CellSpec.rows``; a test holds the keys equal to those of the cells."""
