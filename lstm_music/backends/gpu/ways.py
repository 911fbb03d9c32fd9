"""The ways to run the steps of a sequence, and the rule that says which is taken.

``plain``
    A product by cuBLAS and a kernel for each step. It does all there is.
``graph``
    A product of our own and the same kernel for each step, all steps replayed as one CUDA graph.
``persistent``
    One cooperative launch for all steps, which keeps U in shared memory.

No way is faster before it is measured: `benchmarks/gpu.py` times them beside each other.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from lstm_music.backends.gpu.device import Device
from lstm_music.backends.gpu.persistent import PersistentKernels, is_unit_cell
from lstm_music.cells.spec import CellSpec
from lstm_music.errors import ConfigError

WAYS = ("plain", "graph", "persistent")
DEFAULT = "plain"

_log = logging.getLogger(__name__)


@dataclass
class Rule:
    """Takes the way that was asked for where it can, and says once why it cannot.

    Parameters
    ----------
    device : the GPU.
    way : one of ``WAYS``.

    Raises
    ------
    ConfigError : there is no such way.
    """

    device: Device
    way: str

    def __post_init__(self) -> None:
        if self.way not in WAYS:
            raise ConfigError(f"the way must be one of {', '.join(WAYS)}, got {self.way!r}")
        self._said: set[str] = set()

    def choose(self, spec: CellSpec, B: int, H: int, dtype: np.dtype[np.floating]) -> str:
        """The way for B rows of a cell of H units."""
        reason = self.why_not(spec, B, H, dtype)
        if not reason:
            return self.way
        told = f"{spec.name} of {H} units: not {self.way}, but {DEFAULT}: {reason}"
        if told not in self._said:
            self._said.add(told)
            _log.warning("gpu:%d: %s", self.device.number, told)
        return DEFAULT

    def why_not(self, spec: CellSpec, B: int, H: int, dtype: np.dtype[np.floating]) -> str:
        """Why the way that was asked for cannot be taken; empty where it can."""
        if self.way == DEFAULT:
            return ""
        if not spec.feeds:
            return "the cell multiplies nothing from step to step"
        if dtype == np.float32 and self.device.precision != "float32":
            return f"it multiplies in float32, not in {self.device.precision}"
        if self.way == "graph":
            return "zoneout draws new masks for each call" if any(spec.zoneout) else ""
        if not is_unit_cell(spec):
            return "it is for cells that are fed h alone and whose units are on their own"
        return PersistentKernels(self.device, spec, dtype).why_not(B, H)
