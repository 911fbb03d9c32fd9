"""What goes on inside a model while it reads one sequence: gates, states, surprise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_music.nn.model import LanguageModel
from lstm_music.reference.gates import gate_values
from lstm_music.types import FloatArray, IntArray

_CHUNK_STEPS = 256


@dataclass(frozen=True, slots=True)
class Recording:
    """One sequence of N inputs, read from the initial state.

    Attributes
    ----------
    layers : of each layer, the first one first, name -> (N, H) values after each input:
        `lstm_music.reference.gates.gate_values`.
    nats : (N,) float64 — of each target, told the inputs up to the one beside it.
    """

    layers: tuple[dict[str, FloatArray], ...]
    nats: FloatArray


def record(model: LanguageModel, rows: IntArray, targets: IntArray) -> Recording:
    """Read one sequence and keep what every gate did.

    Parameters
    ----------
    model : any language model; left as it is.
    rows : (N, S) int32 — the inputs, N >= 1.
    targets : (N,) int32 — what comes after each; negative: nothing is scored there.

    Raises
    ------
    ShapeError : an array has the wrong shape or dtype, or a value is out of range.
    """
    state = model.initial_state(1)
    parts: list[list[dict[str, FloatArray]]] = []
    nats = []
    for start in range(0, len(targets), _CHUNK_STEPS):
        chunk = slice(start, start + _CHUNK_STEPS)
        nll, run = model.score_pass(rows[chunk, None], targets[chunk, None], state)
        nats.append(nll[:, 0])
        state = run.last
        values = [gate_values(model.spec, tape.S, tape.K) for tape in run.tapes]
        parts.append([{name: v[:, 0] for name, v in layer.items()} for layer in values])
    layers = [
        {name: np.concatenate([part[i][name] for part in parts]) for name in parts[0][i]}
        for i in range(model.config.layers)
    ]
    return Recording(tuple(layers), np.concatenate(nats))
