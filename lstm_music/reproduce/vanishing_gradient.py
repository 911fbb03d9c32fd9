"""The vanishing gradient: how far back the error reaches in an RNN, a GRU and an LSTM.

The loss looks at the last output alone. On the way back through the steps, each cell with the
weights that training starts from, we take the norm of dLoss/ds(T - k), s being all that the cell
carries from step to step. Multiplied by a like factor at each step it dies out, or, with larger
weights, blows up. The factor of an LSTM is its forget gate, near 1 where the gate is open; the
cell of 1997 has none, and without recurrent weights its error goes round for ever.
docs/carousel.md has the curves over 5,000 steps.

Figure: the norm 100 steps back over the norm 1 step back (quick and full alike).

Claim: less than 1e-6 is left in a plain RNN, a GRU and an LSTM as training starts, more than a
tenth in an LSTM with its forget gates open (bias 8, no recurrent weights), all in the carousel of
1997; and in an RNN with weights four times as large it grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from lstm_music.nn.cell import Cell, make
from lstm_music.reproduce.engine import cell_backend
from lstm_music.reproduce.task import Row, Settings

PAPER = "Hochreiter (1991); Hochreiter & Schmidhuber (1997), Neural Computation 9(8), section 3"
INPUT_SIZE, HIDDEN_SIZE, STEPS = 4, 32, 100


def fresh(name: str, rng_seed: int) -> Cell:
    """A cell as training starts with it; float64."""
    return make(
        name,
        input_size=INPUT_SIZE,
        hidden_size=HIDDEN_SIZE,
        dtype="float64",
        rng_seed=rng_seed,
        backend=cell_backend(),
    )


def share_left(cell: Cell, rng: np.random.Generator, *, still: bool = False) -> float:
    """Norm of dLoss/ds, 100 steps back over 1 step back; noise comes in, or with ``still`` 0."""
    x = rng.standard_normal((STEPS, 1, INPUT_SIZE)) * (not still)
    d_step = rng.standard_normal((1, 1, HIDDEN_SIZE))
    state, tapes, norms = None, [], []
    for step in x:
        _, state, tape = cell.forward(step[None], state)
        tapes.append(tape)
    d_state = None
    for tape in reversed(tapes):
        _, d_state, _ = cell.backward(d_step, tape, d_state)
        norms.append(float(np.linalg.norm(d_state)))
        d_step = np.zeros_like(d_step)
    return norms[-1] / norms[0]


def run(settings: Settings) -> Iterator[Row]:
    """A row for each cell."""
    for name, cell_name, factor, holds in _CASES:
        if not settings.wants(name):
            continue
        left = []
        for seed in settings.seeds(1, 1):
            cell = fresh(cell_name, seed)
            cell.params["U"] *= factor
            # At rest an RNN is the linear map U: the figure is the same on every machine. Driven
            # by noise, one that explodes is chaotic, and the last bit decides.
            left.append(share_left(cell, np.random.default_rng([seed, 1]), still=factor > 1))
        yield Row(
            name=name,
            ours=float(np.median(left)),
            published=None,
            unit="share of the norm",
            better="higher",
            source=PAPER,
            holds=all(map(holds, left)),
        )


_CASES: tuple[tuple[str, str, float, Callable[[float], bool]], ...] = (
    ("rnn", "rnn", 1, lambda left: left < 1e-6),
    ("rnn, U x 4, at rest", "rnn", 4, lambda left: left > 1e3),
    ("gru", "gru", 1, lambda left: left < 1e-6),
    ("lstm", "lstm", 1, lambda left: left < 1e-6),
    ("lstm, forget bias 8, U = 0", "lstm:forget_bias=8", 0, lambda left: left > 0.1),
    ("lstm-1997, U = 0", "lstm-1997", 0, lambda left: abs(left - 1) < 1e-9),
)
