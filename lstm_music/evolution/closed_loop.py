"""A network that reads what it has said: its answer to a step is its input of the next."""

from __future__ import annotations

import numpy as np

from lstm_music.cells.spec import CellSpec
from lstm_music.errors import ShapeError
from lstm_music.nn.sequence_net import SequenceNet, State
from lstm_music.types import FloatArray, Params


def can_fold(spec: CellSpec) -> bool:
    """Whether a readout that is fed back may be folded into the recurrent matrix.

    The cell must see nothing but ``W x + U h``: ``W (V h + a) + U h`` is ``(U + W V) h + W a``.
    """
    plain = spec.sums_early and spec.made_of is None and spec.maps is None
    return plain and bool(spec.gates_u) and spec.feeds[0][0] == 0


def folded(params: Params, V: FloatArray, a: FloatArray) -> Params:
    """Parameters of a cell of D inputs that reads ``V h + a`` (D,) itself; give it zeros.

    One call then runs any number of steps; step by step each costs a call.
    """
    return params | {
        "U": params["U"] + params["W"] @ V,
        "b": params["b"] + params["W"] @ a,
        "W": np.zeros_like(params["W"]),
    }


def free_run(
    net: SequenceNet, last: FloatArray, state: State, steps: int
) -> tuple[FloatArray, State]:
    """Let a network go on by itself.

    Parameters
    ----------
    net : with as many outputs as inputs.
    last : (B, O) its last answer, which is its next input.
    state : of each layer after that answer.
    steps : to run.

    Returns
    -------
    answers : (steps, B, O)
    state : of each layer after them.

    Raises
    ------
    ShapeError : it has not as many outputs as inputs.
    """
    if net.output_size != net.input_size:
        raise ShapeError(
            f"a network that reads its own answers has as many outputs as inputs, got "
            f"{net.output_size} and {net.input_size}"
        )
    answers = np.empty((steps, *last.shape), net.dtype)
    for step in range(steps):
        said, state, _ = net.forward(np.ascontiguousarray(last[None], net.dtype), state)
        answers[step] = last = said[0]
    return answers, state
