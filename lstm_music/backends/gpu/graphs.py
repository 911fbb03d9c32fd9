"""Launches that come again with the same arguments, replayed as one CUDA graph."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from lstm_music.backends.gpu.device import Device

_MOST = 64
"""Graphs kept; the one that has waited longest goes."""

_log = logging.getLogger(__name__)


class Graphs:
    """The graphs of one device.

    A graph has addresses and sizes in it. So what is launched is named by all of its arguments, and
    is recorded when the same name comes a second time: what never comes again costs nothing.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._known: OrderedDict[Hashable, Any] = OrderedDict()
        self._works = True

    def run(self, name: Hashable, launch: Callable[[], None]) -> None:
        """Do what ``launch`` does: launches of kernels alone, which ``name`` determines."""
        graph = self._known.get(name)
        if graph is None and name in self._known and self._works:
            graph = self._recorded(launch)
        self._known[name] = graph
        self._known.move_to_end(name)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        if graph is None:
            launch()
        else:
            graph.launch()

    def _recorded(self, launch: Callable[[], None]) -> Any:
        """A graph of the launches, none of which runs now; None if the driver makes none."""
        try:
            with self._device.xp.cuda.Stream(non_blocking=True) as stream:
                stream.begin_capture()
                try:
                    launch()
                finally:
                    graph = stream.end_capture()
        except RuntimeError as error:  # CuPy's, and what it refuses
            self._works = False
            _log.warning(
                "gpu:%d makes no CUDA graphs (%s): each kernel is launched by itself",
                self._device.number,
                error,
            )
            return None
        return graph


def addresses(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments of a kernel as a name: an array is where it lies, if it has any elements."""
    return tuple(x if np.isscalar(x) else x.data.ptr if x.size else 0 for x in arguments)
