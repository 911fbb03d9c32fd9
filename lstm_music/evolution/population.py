"""Many small networks at once: members of a population side by side in one kernel call.

A call runs one set of weights. Members of a few units each fit into one network whose recurrent
matrix is block-diagonal: k members of H units are k·H units, and the zeros between them cost
k·k·H·H products a step. docs/evolution.md has the measurement; `benchmarks/population.py` makes it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lstm_music.backends.base import Backend
from lstm_music.cells.spec import CellSpec
from lstm_music.nn.cell import Cell
from lstm_music.types import FloatArray, Params

SIDE_BY_SIDE_UNITS = 10
"""Units of a call: as many members share it as have so many together (measured)."""


def can_share(spec: CellSpec) -> bool:
    """Whether members of this cell may stand side by side: no unit looks at another but through U.

    Examples
    --------
    >>> from lstm_music.cells.registry import cell_spec
    >>> [can_share(cell_spec(name)) for name in ("peephole", "gru", "layernorm-lstm")]
    [True, True, False]
    """
    plain = spec.made_of is None and spec.maps is None
    return plain and spec.gates_u > 0 and not spec.rows.startswith("layernorm")


def members_a_call(spec: CellSpec, H: int) -> int:
    """How many members of H units a call is to run."""
    return max(SIDE_BY_SIDE_UNITS // H, 1) if can_share(spec) else 1


class SideBySide:
    """Members of one cell, a few in each call, over the same inputs.

    Parameters
    ----------
    spec : of the cell.
    members : parameters W, U, b (p) of each, all of one shape.
    backend : what computes.
    k : members of a call; None: `members_a_call`.
    """

    def __init__(
        self, spec: CellSpec, members: list[Params], backend: Backend, k: int | None = None
    ) -> None:
        self._spec, self._members, self._backend = spec, members, backend
        self._H = spec.width(members[0]["U"].shape[1])
        self._D = spec.width(members[0].get("M_in", members[0]["W"]).shape[1])
        self._k = k or members_a_call(spec, self._H)

    def __iter__(self) -> Iterator[tuple[slice, Cell]]:
        """(which members, the cell that runs them)."""
        for start in range(0, len(self._members), self._k):
            part = slice(start, min(start + self._k, len(self._members)))
            yield part, Cell(self._spec, _joined(self._members[part]), self._backend, self._D)

    def split(self, y: FloatArray) -> list[FloatArray]:
        """(.., k·H) of a call, one (.., H) a member."""
        return np.split(y, y.shape[-1] // self._H, axis=-1)


def _joined(members: list[Params]) -> Params:
    """Parameters of one cell that is all members side by side."""
    if len(members) == 1:
        return members[0]
    k, H = len(members), members[0]["U"].shape[1]
    U = np.stack([m["U"].reshape(-1, H, H) for m in members], axis=1)  # (gates, k, H, H)
    wide = np.zeros((len(U), k, H, k, H), U.dtype)
    for member in range(k):
        wide[:, member, :, member] = U[:, member]
    D = members[0]["W"].shape[1]
    joined = {
        "W": np.stack([m["W"].reshape(-1, H, D) for m in members], axis=1).reshape(-1, D),
        "U": wide.reshape(-1, k * H),
        "b": np.stack([m["b"].reshape(-1, H) for m in members], axis=1).ravel(),
    }
    if "p" in members[0]:
        joined["p"] = np.concatenate([m["p"] for m in members], axis=1)
    return joined
