"""The compiled backend (for now it computes with NumPy; the interface is final)."""

from __future__ import annotations

import os

from lstm_music.backends.reference import ReferenceBackend


class CpuBackend(ReferenceBackend):
    """See :class:`lstm_music.backends.base.Backend`.

    Parameters
    ----------
    n_threads : threads to use; None: as many as this process may run on.
    isa : instruction-set level ``base``, ``v3`` or ``v4``; None: ``LSTM_MUSIC_ISA`` or the best.
    """

    name = "cpu"

    def __init__(self, n_threads: int | None = None, isa: str | None = None) -> None:
        super().__init__()
        self.n_threads = n_threads or len(os.sched_getaffinity(0))
