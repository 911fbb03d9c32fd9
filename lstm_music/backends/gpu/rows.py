"""The two kernels of a step for each cell: which source, and the sizes that it is compiled for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_music.backends.gpu.device import Device, Kernel
from lstm_music.cells.spec import CellSpec

_C_NAMES = {
    "peephole-cell": "fed_by_c",
    "peephole-cell:s_h=identity": "fed_by_c_linear",
    "fgr": "fed_by_gates",
    "fgr:s_h=identity": "fed_by_gates_linear",
    "memory-gated": "mapped_input_linear",
    "memory-gated:s_h=tanh": "mapped_input",
    "slstm:f=exp": "slstm_exp",
    "indrnn:activation=tanh": "indrnn_tanh",
}
"""Row functions whose name in C is not made by the rule of `_c_name`: see src/c/rows_impl.inc."""

_ROW_THREADS = 256


@dataclass(frozen=True, slots=True)
class StepKernels:
    """The kernels of a step; one cell, one element type.

    Attributes
    ----------
    by_row : a block takes a whole batch row; else a thread takes a unit.
    """

    forward: Kernel
    backward: Kernel
    by_row: bool

    def shape(self, B: int, H: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Grid and block of a launch over B rows of H units."""
        if not self.by_row:
            return (-(-B * H // 128),), (128,)
        threads = 32
        while threads < min(H, _ROW_THREADS):
            threads *= 2
        return (B,), (threads,)


def step_kernels(device: Device, spec: CellSpec, dtype: np.dtype[np.floating]) -> StepKernels:
    """The kernels of a cell, compiled at first use."""
    by_row = is_by_row(spec)
    file = "layernorm" if by_row else "rows"
    forward, backward = (
        device.kernel(file, f"rows_{way}", dtype, **macros(spec)) for way in ("forward", "backward")
    )
    return StepKernels(forward, backward, by_row)


def is_by_row(spec: CellSpec) -> bool:
    """Whether the units of a batch row look at one another, so that a block takes them all."""
    return spec.rows.startswith("layernorm-lstm")


def macros(spec: CellSpec) -> dict[str, int | str]:
    """What a source that has the cell's rows is compiled with."""
    sizes: dict[str, int | str] = {
        "LM_GATES_W": spec.gates_w,
        "LM_GATES_U": spec.gates_u,
        "LM_STATES": spec.states,
        "LM_CACHED": spec.cached,
        "LM_ROW_PARAMS": spec.row_params,
        "LM_EARLY": int(spec.sums_early),
    }
    if is_by_row(spec):
        return sizes | {"LM_H_LINEAR": int(spec.rows.endswith("identity"))}
    return sizes | {"LM_CELL": _c_name(spec.rows)}


def _c_name(rows: str) -> str:
    """What the C functions of these rows are called."""
    if rows in _C_NAMES:
        return _C_NAMES[rows]
    name, _, option = rows.partition(":")
    return name.replace("-", "_") + ("_linear" if option == "s_h=identity" else "")
