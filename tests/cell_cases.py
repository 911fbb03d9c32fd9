"""Random sequence problems, shared by the tests of cells, kernels and backends."""

from dataclasses import dataclass, replace

import numpy as np

from lstm_music.backends.base import Backend, Tape
from lstm_music.cells.registry import cell_names, cell_options, cell_spec
from lstm_music.cells.spec import Blocks, CellSpec
from lstm_music.types import MaskKey

CHOICES = {
    "s_h": {"tanh", "identity"},
    "f": {"sigmoid", "exp"},
    "activation": {"relu", "tanh"},
}
"""Options that choose the row functions, and what they may be."""

VARIANTS = [
    *cell_names(),
    *(
        f"{name}:{option.key}={other}"
        for name in cell_names()
        for option in cell_options(name)
        for other in sorted(CHOICES.get(option.key, {option.default}) - {option.default})
    ),
]
"""Every cell by its plain name, and once more for each other choice: all row functions there
are."""

ZONEOUT = {"zoneout_c": 0.4, "zoneout_h": 0.25}


def zoned(name: str) -> str:
    """The cell with every zoneout that it takes."""
    rates = ",".join(
        f"{option.key}={ZONEOUT[option.key]}"
        for option in cell_options(name)
        if option.key in ZONEOUT
    )
    return f"{name}:{rates}"


ZONED = [zoned(name) for name in cell_names()]
"""Every cell with zoneout of c and h."""

MAPS = [
    "conv-lstm:size=5,kernel=5,padding=circular",
    "conv-lstm:size=19",
    "conv-lstm:size=3x4,kernel=1x5,s_h=identity",
    "conv-lstm:size=4x3,kernel=3x3,padding=circular",
]
"""Cells on maps: one and two axes, each padding, more places than a vector panel has columns."""


def units(cell: str, H: int) -> int:
    """H, or the next number of units that the cell can have."""
    spec = cell_spec(cell)
    size = spec.made_of.size if isinstance(spec.made_of, Blocks) else 1
    return on_map(spec, -(-H // size) * size)


def on_map(spec: CellSpec, size: int) -> int:
    """A number of inputs or units, rounded up to whole channels for a cell on a map."""
    places = spec.maps.places if spec.maps else 1
    return -(-size // places) * places


SHAPES = {
    "small": (5, 3, 4, 7),
    "one step": (1, 3, 4, 5),
    "one row": (6, 1, 3, 5),
    "one of everything": (1, 1, 1, 1),
    "H of a vector": (3, 2, 5, 16),
}
"""(T, B, D, H) small enough for finite differences; odd sizes leave every vector a remainder."""

TOLERANCE = {
    # What two orders of the same sums may differ by, relative to the largest element: the sums
    # have up to a few thousand terms, each rounded at 6e-8 or 1e-16.
    np.dtype(np.float32): 1e-5,
    np.dtype(np.float64): 1e-12,
}


@dataclass
class Problem:
    """Inputs of one sequence call and the output gradients that define a loss."""

    spec: CellSpec
    arrays: dict[str, np.ndarray]  # X, W, U, b, s0, and p if the cell has row parameters
    dy: np.ndarray
    ds_last: np.ndarray
    lengths: np.ndarray | None
    mask_key: MaskKey | None = None

    def forward(self, backend: Backend, out: Tape | None = None) -> Tape:
        X, W, U, b, s0 = (self.arrays[name] for name in ("X", "W", "U", "b", "s0"))
        p = self.arrays.get("p")
        return backend.sequence_forward(
            self.spec, X, W, U, b, p, s0, self.lengths, out=out, mask_key=self.mask_key
        )

    def loss(self, backend: Backend) -> float:
        tape = self.forward(backend)
        return float((tape.y * self.dy).sum() + (tape.last * self.ds_last).sum())

    def backward(self, backend: Backend, tape: Tape | None = None) -> dict[str, np.ndarray]:
        """Gradients by name, like ``arrays``; parameter gradients start from zero."""
        a = self.arrays
        names = [name for name in ("W", "U", "b", "p") if name in a]
        grads = {name: np.zeros_like(a[name]) for name in names}
        dX, ds0 = backend.sequence_backward(
            self.spec, self.dy, self.ds_last, tape or self.forward(backend),
            a["X"], a["W"], a["U"], a.get("p"), grads, self.lengths,
        )  # fmt: skip
        return grads | {"X": dX, "s0": ds0}


def make_problem(
    spec: CellSpec,
    shape: tuple[int, int, int, int],
    *,
    dtype: str = "float64",
    ragged: bool = True,
    seed: int = 0,
) -> Problem:
    """Random everything: weights, biases, initial state, output gradients, lengths 0..T.

    On a map, D and H are rounded up to whole channels.
    """
    T, B, D, H = (*shape[:2], *(on_map(spec, size) for size in shape[2:]))
    rng = np.random.default_rng(seed)

    def draw(*size: int) -> np.ndarray:
        return rng.normal(0, 0.6, size).astype(dtype)

    shapes = spec.shapes(D, H)
    arrays = {
        "X": draw(T, B, D),
        "W": draw(*shapes["W"]) / np.sqrt(shapes["W"][1]).astype(dtype),
        "U": draw(*shapes["U"]) / np.sqrt(shapes["U"][1]).astype(dtype),
        "b": draw(*shapes["b"]),
        "s0": draw(spec.states, B, H),
    }
    if spec.row_params:
        arrays["p"] = draw(spec.row_params, H)
    lengths = None
    if ragged:
        lengths = rng.integers(0, T + 1, B).astype(np.int32)
        lengths[rng.integers(B)] = T  # at least one row runs to the end
    return Problem(spec, arrays, draw(T, B, H), draw(spec.states, B, H), lengths)


def placed_on(engine: Backend, problem: Problem) -> Problem:
    """The problem with its arrays where the engine computes."""
    put = engine.to_device
    arrays = {name: put(array) for name, array in problem.arrays.items()}
    return replace(problem, arrays=arrays, dy=put(problem.dy), ds_last=put(problem.ds_last))


def results(problem: Problem, engine: Backend) -> dict[str, np.ndarray]:
    """All that a cell computes, forward and backward, on the host."""
    placed = placed_on(engine, problem)
    tape = placed.forward(engine)
    found = {"S": tape.S} | placed.backward(engine, tape)
    return {name: engine.to_host(array) for name, array in found.items()}


def worst_difference(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> float:
    """Largest difference of two sets of arrays, relative to the largest element of each array; NaN
    if any is."""
    assert a.keys() == b.keys()
    found = [np.abs(a[k] - b[k]).max() / max(np.abs(a[k]).max(), 1e-3) for k in a if a[k].size]
    return float(np.max(found))
