"""The constant error carousel: how far back in time a recurrent cell's gradient reaches.

    python examples/carousel.py -o docs/carousel.svg

The loss is a number read off the last output alone. On the way back through 5,000 steps the script
takes the norm of dLoss/ds(t), s being all states of the cell (h, and c where there is one). In a
plain recurrent network it dies out or blows up within a few hundred steps (Hochreiter 1991; Bengio,
Simard & Frasconi 1994); the LSTM was made so that it need not (Hochreiter & Schmidhuber 1997,
Neural Computation 9(8), section 3.2). docs/carousel.md explains the picture.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import lstm_music as lm
from lstm_music.backends.registry import get_backend
from lstm_music.nn.cell import Cell

INPUT_SIZE, HIDDEN_SIZE = 4, 32


def fresh(name: str) -> Cell:
    """A cell with the random weights that training starts from; float64."""
    return lm.cells.make(
        name,
        input_size=INPUT_SIZE,
        hidden_size=HIDDEN_SIZE,
        dtype="float64",
        rng_seed=0,
        backend=get_backend("cpu", n_threads=1),
    )


def with_forget_bias(cell: Cell, bias: float) -> Cell:
    """The cell, its forget gate set to hold about exp(bias) steps."""
    cell.params["b"].reshape(-1, cell.hidden_size)[cell.spec.gate_order.index("f")] = bias
    return cell


def with_recurrence(cell: Cell, factor: float) -> Cell:
    """The cell, its recurrent weights made larger, or with 0 cut: gates see the input alone."""
    cell.params["U"] *= factor
    return cell


def gradient_norms(cell: Cell, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """Norm of the gradient of the state, k steps before the end.

    Parameters
    ----------
    cell : any cell, float64.
    x : (T, 1, D) — inputs.
    dy : (1, H) — dLoss/dh of the last step; the loss sees no other.

    Returns
    -------
    norms : (T,) — at k - 1: Euclidean norm of dLoss/ds(T - k) over all states; s(0) comes last.
    """
    state, tapes = None, []
    for step in x:
        _, state, tape = cell.forward(step[None], state)
        tapes.append(tape)
    norms, dstate, d_step = [], None, dy[None]
    for tape in reversed(tapes):
        _, dstate, _ = cell.backward(d_step, tape, dstate)
        norms.append(norm(dstate))
        d_step = np.zeros_like(d_step)
    return np.array(norms)


def norm(array: np.ndarray) -> float:
    """Euclidean norm that does not lose numbers whose square is below the smallest float."""
    largest = np.abs(array).max()
    return float(largest * np.linalg.norm(array / largest)) if largest > 0 else 0.0


def measure(steps: int) -> dict[str, np.ndarray]:
    """The curves of the plot, (steps,) each: noise as input, a random direction as loss.

    The network "at rest" has inputs of 0.
    """
    rng = np.random.default_rng(0)
    x = rng.standard_normal((steps, 1, INPUT_SIZE))
    dy = rng.standard_normal((1, HIDDEN_SIZE))
    dy /= np.linalg.norm(dy)
    cells = {
        "rnn": fresh("rnn"),
        "rnn, U × 1.8, at rest": with_recurrence(fresh("rnn"), 1.8),
        "gru": fresh("gru"),
        "lstm": fresh("lstm"),
        "lstm, forget bias 8": with_forget_bias(fresh("lstm"), 8),
        "lstm, forget bias 8, U = 0": with_recurrence(with_forget_bias(fresh("lstm"), 8), 0),
        "lstm-1997": fresh("lstm-1997"),
        "lstm-1997, U = 0": with_recurrence(fresh("lstm-1997"), 0),
    }
    # Driven by noise, a network that explodes is chaotic: the last bit of the machine's arithmetic
    # decides what it does. At rest it is the linear map U, and all machines agree.
    return {
        name: gradient_norms(cell, 0 * x if "at rest" in name else x, dy)
        for name, cell in cells.items()
    }


def plot(curves: dict[str, np.ndarray], path: Path) -> None:
    """Draw the curves to an SVG file; the same curves give the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    colours = {"rnn": "tab:red", "gru": "tab:orange", "lstm": "tab:blue", "lstm-1997": "tab:green"}
    dashes = {"at rest": (2, 1), "forget bias 8": (6, 2), "U = 0": (1, 1)}
    with mpl.rc_context({"svg.hashsalt": "carousel", "svg.fonttype": "none"}):
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.subplots()
        for name, norms in curves.items():
            cell, _, change = name.partition(", ")
            shown = np.unique(np.geomspace(1, len(norms), 120).astype(int))
            axes.loglog(
                shown,
                np.maximum(norms[shown - 1], 1e-300),  # a line down to zero, not a gap
                label=name,
                color=colours[cell],
                dashes=dashes[change.rpartition(", ")[2]] if change else (),
            )
        axes.set(xlabel="steps back, k", ylabel="norm of dLoss/ds(T - k)", ylim=(1e-12, 1e6))
        axes.grid(alpha=0.3)
        figure.legend(loc="outside right upper")
        figure.savefig(path, format="svg", metadata={"Date": None})


def main() -> None:
    """Measure, print a table, draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, default=Path("carousel.svg"))
    parser.add_argument("--steps", type=int, default=5000)
    args = parser.parse_args()
    if args.steps < 1:
        parser.error(f"--steps must be at least 1, got {args.steps}")
    curves = measure(args.steps)
    shown = [k for k in (1, 10, 100, 1000, 5000) if k <= args.steps]
    print(f"{'steps back':28}", *(f"{k:9}" for k in shown))
    for name, norms in curves.items():
        print(f"{name:28}", *(f"{norms[k - 1]:9.1e}" for k in shown))
    plot(curves, args.output)


if __name__ == "__main__":
    main()
