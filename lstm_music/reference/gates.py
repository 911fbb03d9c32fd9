"""The gates of a cell by name, read off the tape of a forward pass.

A tape keeps what the backward pass needs: for most cells the gates as they stood, for some the
sums under them. Here each becomes what the cell's equations call it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lstm_music.cells.gated import ROW_NAMES, Gating
from lstm_music.cells.spec import CellSpec
from lstm_music.reference.elementwise import forget_share
from lstm_music.reference.math import log_sigmoid, sigmoid
from lstm_music.types import FloatArray

INPUT, FORGET, OUTPUT, RESET = "input gate", "forget gate", "output gate", "reset gate"

_Cached = dict[str, FloatArray]
_Reader = Callable[[CellSpec, FloatArray, _Cached], _Cached]

_GATINGS: dict[str, Gating] = {name: gating for gating, name in ROW_NAMES.items()}
_ROLES = {
    "gru": {"r": RESET, "z": FORGET},
    "mingru": {"z": INPUT},
    "minlstm": {"i": INPUT, "f": FORGET},
    "janet": {"i": INPUT, "f": FORGET},
    "sru": {"f": FORGET, "r": OUTPUT},
    "memory-gated": {"r": INPUT, "f": FORGET, "o": OUTPUT},
    "rnn": {},
    "indrnn": {},
}
_LSTM = {"i": INPUT, "f": FORGET, "o": OUTPUT}


def gate_roles(spec: CellSpec) -> dict[str, str]:
    """What each gate of a cell does, by its name in the equations; empty for a cell without gates.

    An *input gate* is the share of what is new that is written, a *forget gate* the share of the
    old state that is kept (1: all of it), an *output gate* the share of the state that is let out,
    a *reset gate* the share of h(t-1) that what is new may see. Those that always are 1 are left
    out; that which another leaves of 1 is named.

    Examples
    --------
    >>> from lstm_music.cells.registry import cell_spec
    >>> gate_roles(cell_spec("gru")), list(gate_roles(cell_spec("coupled")))
    ({'r': 'reset gate', 'z': 'forget gate'}, ['i', 'f', 'o'])
    """
    rows = spec.rows.partition(":")[0]
    if spec.rows in _GATINGS:
        gating = _GATINGS[spec.rows]
        return {name: role for name, role in _LSTM.items() if getattr(gating, name) != "one"}
    return _ROLES.get(rows, _LSTM)


def gate_values(spec: CellSpec, S: FloatArray, K: FloatArray) -> dict[str, FloatArray]:
    """Gates, what is new, and states of a cell at each step.

    Parameters
    ----------
    spec : the cell.
    S : (T+1, states, B, H) — of the tape of a forward pass.
    K : (T, B, cached·H) — of the same.

    Returns
    -------
    values : name -> (T, B, H), new arrays: the gates of `gate_roles`, each 0..1, as the factors
        by which something is multiplied (``i`` and ``f`` of the sLSTM are exp(i - m) and
        exp(f + m(t-1) - m); those of the minLSTM add up to 1); what is new (``g``, in some cells
        ``n`` or ``u``), before the input gate; the states after the step, ``h`` always, ``c``
        where there is one.
    """
    T, _, B, H = S[1:].shape
    rows = K.reshape(T, B, -1, H)
    cached = {name: rows[:, :, q].copy() for q, name in enumerate(spec.gate_order)}
    values = _READERS.get(spec.rows.partition(":")[0], _gates)(spec, S, cached)
    states = {name: S[1:, q].copy() for q, name in enumerate(spec.state_order)}
    names = [*gate_roles(spec), *(name for name in values if name not in states)]
    return {name: values[name] for name in dict.fromkeys(names)} | states


def _gates(spec: CellSpec, _S: FloatArray, cached: _Cached) -> _Cached:
    """The tape keeps them; one that another leaves of 1 is made."""
    gating = _GATINGS.get(spec.rows)
    if gating is not None and gating.i == "rest":
        return {"i": 1 - cached["f"], **cached}
    if gating is not None and gating.f == "rest":
        return {"f": 1 - cached["i"], **cached}
    return cached


def _janet(_spec: CellSpec, _S: FloatArray, cached: _Cached) -> _Cached:
    under = cached["f"]
    return {"i": sigmoid(1 - under), "f": sigmoid(under), "g": cached["g"]}


def _minlstm(_spec: CellSpec, _S: FloatArray, cached: _Cached) -> _Cached:
    f = forget_share(cached["i"], cached["f"])
    return {"i": 1 - f, "f": f, "g": cached["g"]}


def _slstm(spec: CellSpec, S: FloatArray, cached: _Cached) -> _Cached:
    under = cached["f"]
    kept = (under if spec.rows.endswith("f=exp") else log_sigmoid(under)) + S[:-1, 3]
    nothing, m = S[:-1, 2] <= 0, S[1:, 3]
    f = np.where(nothing, 0, np.exp(np.where(nothing, 0, kept - m)))
    return cached | {"i": np.exp(cached["i"] - m), "f": f}


_READERS: dict[str, _Reader] = {
    "janet": _janet,
    "minlstm": _minlstm,
    "slstm": _slstm,
    "rnn": lambda *_: {},
    "indrnn": lambda *_: {},
}
