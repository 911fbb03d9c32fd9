"""The memory of a backend that computes where NumPy's arrays lie."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_music.backends.workspace import Workspace
from lstm_music.types import FloatArray


class HostMemory:
    """What :class:`lstm_music.backends.base.Backend` says of memory, for the CPU."""

    xp: Any = np

    def to_device(self, array: FloatArray) -> FloatArray:
        """The array itself; see the protocol."""
        return array

    def to_host(self, array: FloatArray) -> FloatArray:
        """The array itself; see the protocol."""
        return array

    def workspace(self) -> Workspace:
        """Memory of the CPU, from the start of a cache line; see the protocol."""
        return Workspace()
