"""The memory of a backend that computes where NumPy's arrays lie."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.backends.workspace import Workspace


class HostMemory:
    """What :class:`lstm_music.backends.base.Backend` says of memory, for the CPU."""

    xp: Any = np

    def to_device(self, array: npt.NDArray[Any]) -> Any:
        """The array itself; see the protocol."""
        return array

    def to_host(self, array: Any) -> npt.NDArray[Any]:
        """The array itself; see the protocol."""
        return np.asarray(array)

    def current(self) -> AbstractContextManager[None]:
        """Nothing to do; see the protocol."""
        return nullcontext()

    def workspace(self) -> Workspace:
        """Memory of the CPU, from the start of a cache line; see the protocol."""
        return Workspace()
