"""Sums over the GPUs of several processes, by NCCL."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_music.backends.gpu.device import Array, Device


def unique_id(device: Device) -> Any:
    """What the processes of a ring are told by the first of them; None: CuPy has no NCCL here."""
    nccl = device.nccl()
    return None if nccl is None else nccl.get_unique_id()


class Ring:
    """One process's end of a ring.

    Parameters
    ----------
    device : its GPU.
    rank, size : which of how many processes.
    ring_id : what `unique_id` gave at rank 0.
    """

    def __init__(self, device: Device, rank: int, size: int, ring_id: Any) -> None:
        self._nccl: Any = device.nccl()
        self._stream = device.xp.cuda.get_current_stream
        self._ends = self._nccl.NcclCommunicator(size, ring_id, rank)

    def add(self, array: Array) -> None:
        """Replace an array by its sum over all processes, the same bits in each."""
        # Not allReduce: nothing promises that it adds up in one order for all.
        single = array.dtype == np.float32
        kind = self._nccl.NCCL_FLOAT32 if single else self._nccl.NCCL_FLOAT64
        here, stream = array.data.ptr, self._stream().ptr
        self._ends.reduce(here, here, array.size, kind, self._nccl.NCCL_SUM, 0, stream)
        self._ends.bcast(here, array.size, kind, 0, stream)
