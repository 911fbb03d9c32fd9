"""A whole sequence in one cooperative launch: lstm_music/cuda/persistent.cu."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_music.backends.gpu.device import Array, Device
from lstm_music.backends.gpu.rows import is_by_row, macros
from lstm_music.cells.spec import CellSpec

_SIDE = 16
_MOST_LOOKS = np.uint32(1 << 24)
"""At a barrier, before a block gives up: seconds, where a step takes microseconds."""


def is_unit_cell(spec: CellSpec) -> bool:
    """Whether each unit needs U h and itself alone, and nothing else of its row."""
    return not is_by_row(spec) and spec.feeds == ((0, 0, spec.gates_u),)


class PersistentKernels:
    """Both kernels of a cell for which `is_unit_cell` holds, compiled at first use."""

    def __init__(self, device: Device, spec: CellSpec, dtype: np.dtype[np.floating]) -> None:
        self._device, self._gates, self._itemsize = device, spec.gates_u, dtype.itemsize
        self._kernels = {
            way: device.kernel("persistent", f"sequence_{way}", dtype, **macros(spec))
            for way in ("forward", "backward")
        }

    def why_not(self, B: int, H: int) -> str:
        """Why the device cannot run it at this size; empty where it can."""
        device, shared = self._device, self._shared(H)
        if not device.is_cooperative:
            return "the device has no cooperative launches"
        if shared > device.shared_bytes:
            return (
                f"a block's share of U takes {shared} bytes of shared memory, of "
                f"{device.shared_bytes}"
            )
        columns, rows = _grid(B, H)
        for kernel in self._kernels.values():
            room = device.blocks_at_once(kernel, _SIDE * _SIDE, shared)
            if columns * rows > room:
                return f"{columns * rows} blocks are needed at once, the device runs {room}"
        return ""

    def launch(
        self, way: str, T: int, B: int, H: int, U: Array, arguments: tuple[Any, ...]
    ) -> None:
        """All T steps; ``arguments`` are those of a kernel of one step, the first one's t."""
        grid = _grid(B, H)
        arrived = self._device.zeros((grid[1],), np.uint32)
        control = np.int64(T), U, arrived, self._device.watched_fault(), _MOST_LOOKS
        self._device.launch_together(
            self._kernels[way], grid, (_SIDE, _SIDE), (*control, *arguments), self._shared(H)
        )

    def _shared(self, H: int) -> int:
        """Bytes of shared memory of a block: its share of U, and the room of a step."""
        deep = -(-H // 32) * 32
        share, step = _SIDE * self._gates * (deep + 4), _SIDE * (deep + 4)
        return self._itemsize * (share + max(step, 1024 * max(self._gates, 4)))


def _grid(B: int, H: int) -> tuple[int, int]:
    return -(-H // _SIDE), -(-B // _SIDE)
