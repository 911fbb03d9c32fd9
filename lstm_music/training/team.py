"""Several processes that train one model: each its share of the batch, gradients summed by MPI.

``mpiexec -n N lstm-music train ...`` is all it takes; without it a process is a team of its own.
Every process reads the same chunks and computes its rows of them, so that the music does not hang
on N; the sum of the gradients is made at the leader and sent to all, so that all weights stay
equal to the last bit.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.backends.base import Backend
from lstm_music.backends.registry import resolved
from lstm_music.backends.workspace import usable_cores
from lstm_music.errors import ConfigError
from lstm_music.types import FloatArray

_STARTED_BY_MPI = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_NTASKS")


class Team:
    """One process alone.

    Attributes
    ----------
    rank, size : which of how many.
    """

    rank = 0
    size = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """A stretch in which an error of one process ends them all."""
        yield

    def rows(self, B: int) -> slice:
        """Which rows of a batch of B are for this process."""
        return slice(B * self.rank // self.size, B * (self.rank + 1) // self.size)

    def threads(self, asked: int | None) -> int | None:
        """How many threads it may use: those of this machine are shared."""
        return asked

    def backend(self, asked: str) -> str:
        """What it computes on: processes of one machine share out its GPUs."""
        return asked

    def add(self, array: FloatArray) -> None:
        """Replace an array by its sum over all processes, the same bits in each."""

    def add_where_it_lies(self, array: FloatArray, backend: Backend) -> None:
        """:meth:`add` of an array that lies where a backend computes."""

    def total(self, numbers: Sequence[float]) -> list[float]:
        """The sum of each number over all processes."""
        return list(numbers)

    def join(self, array: FloatArray) -> FloatArray:
        """(states, B, H) from each process's rows, for the leader."""
        return array

    def agree(self, decision: bool) -> bool:
        """What the leader decides."""
        return decision

    def greatest(self, numbers: Sequence[int]) -> list[int]:
        """The greatest of each number over all processes."""
        return list(numbers)

    def wait(self) -> None:
        """Go on when all processes are here."""


class MpiTeam(Team):
    """The processes that one ``mpiexec`` started."""

    def __init__(self) -> None:
        try:
            from mpi4py import MPI
        except ImportError as error:
            raise ConfigError(
                "started by mpiexec, but mpi4py cannot be imported "
                f"({error}): pip install 'lstm_music[distributed]'"
            ) from None
        self._mpi: Any = MPI
        self._world: Any = MPI.COMM_WORLD
        self.rank, self.size = self._world.Get_rank(), self._world.Get_size()
        self._ring: Any = None
        self._has_looked_for_a_ring = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """A stretch in which an error of one process ends them all."""
        try:
            yield
        except BaseException:
            # At exit, when the error has been told: the others wait for this one in vain.
            atexit.register(self._world.Abort, 1)
            raise

    def threads(self, asked: int | None) -> int | None:
        """How many threads it may use: those of this machine are shared."""
        if asked is not None:
            return asked
        here = self._world.Split_type(self._mpi.COMM_TYPE_SHARED)
        share: int = max(usable_cores() // here.Get_size(), 1)
        here.Free()
        return share

    def add(self, array: FloatArray) -> None:
        """Replace an array by its sum over all processes, the same bits in each."""
        # Not Allreduce: it may add up in another order at each process.
        if self.leads:
            self._world.Reduce(self._mpi.IN_PLACE, array)
        else:
            self._world.Reduce(array, None)
        self._world.Bcast(array)

    def add_where_it_lies(self, array: FloatArray, backend: Backend) -> None:
        """:meth:`add`; between GPUs by NCCL, or without it through the memory of the host."""
        if not isinstance(array, np.ndarray) and self._ring_of(backend):
            self._ring_of(backend).add(array)
            return
        here = backend.to_host(array)
        self.add(here)
        if here is not array:
            array[...] = backend.to_device(here)

    def _ring_of(self, backend: Any) -> Any:
        """The ring between the GPUs of all processes, made at first use; None: there is none."""
        if not self._has_looked_for_a_ring:
            from lstm_music.backends.gpu.ring import Ring, unique_id

            ring_id = self._world.bcast(unique_id(backend.device) if self.leads else None)
            if ring_id is not None:
                self._ring = Ring(backend.device, self.rank, self.size, ring_id)
            self._has_looked_for_a_ring = True
        return self._ring

    def backend(self, asked: str) -> str:
        """What it computes on: processes of one machine share out its GPUs."""
        chosen = resolved(asked)
        if chosen != "gpu":
            return chosen
        here = self._world.Split_type(self._mpi.COMM_TYPE_SHARED)
        number: int = here.Get_rank()
        here.Free()
        return f"gpu:{number}"

    def total(self, numbers: Sequence[float]) -> list[float]:
        """The sum of each number over all processes."""
        sums: npt.NDArray[np.float64] = np.array(numbers, np.float64)
        self.add(sums)
        return [float(x) for x in sums]

    def join(self, array: FloatArray) -> FloatArray:
        """(states, B, H) from each process's rows, for the leader."""
        parts = self._world.gather(array)
        return array if parts is None else np.concatenate(parts, axis=1)

    def agree(self, decision: bool) -> bool:
        """What the leader decides."""
        agreed: bool = self._world.bcast(decision)
        return agreed

    def greatest(self, numbers: Sequence[int]) -> list[int]:
        """The greatest of each number over all processes."""
        found: npt.NDArray[np.int64] = np.array(numbers, np.int64)
        self._world.Allreduce(self._mpi.IN_PLACE, found, self._mpi.MAX)
        return [int(x) for x in found]

    def wait(self) -> None:
        """Go on when all processes are here."""
        self._world.Barrier()


def make_team() -> Team:
    """The team that this process was started in.

    Raises
    ------
    ConfigError : it was started by mpiexec, and mpi4py is not there.
    """
    started = any(int(os.environ.get(name) or 1) > 1 for name in _STARTED_BY_MPI)
    return MpiTeam() if started else Team()
