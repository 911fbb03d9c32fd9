"""Backends by name; the choice is made once and the object handed on."""

from __future__ import annotations

import re

from lstm_music.backends.base import Backend
from lstm_music.backends.cpu import CpuBackend
from lstm_music.errors import BackendError, ConfigError

BACKENDS = ("cpu", "reference", "gpu", "gpu:N", "auto")


def get_backend(
    name: str = "cpu", *, n_threads: int | None = None, precision: str = "float32"
) -> Backend:
    """The backend called ``name``.

    Parameters
    ----------
    name : ``cpu`` (compiled); ``reference`` (NumPy, slow, for comparison); ``gpu`` or ``gpu:N``,
        the first or the N-th NVIDIA GPU; ``auto``, ``gpu`` where there is one and else ``cpu``.
    n_threads : threads of the cpu backend; None: as many as this process may run on.
    precision : of the products of float32 arrays: ``float32``; ``bfloat16`` (what is multiplied is
        rounded to it, sums and states are float32), which takes AVX512-BF16 on the cpu; on a GPU
        also ``tf32``.

    Raises
    ------
    ConfigError : no backend has that name or precision, or n_threads is below 1.
    BackendError : there is no such GPU, or ``LSTM_MUSIC_ISA`` names a level that this machine
        cannot run, or its processor does not multiply in bfloat16.

    Examples
    --------
    >>> get_backend("reference").name
    'reference'
    """
    if name == "auto":
        name = "cpu" if why_no_gpu() else "gpu"
    if name == "cpu":
        return CpuBackend(n_threads, precision=precision)
    if name == "reference":
        from lstm_music.backends.reference import ReferenceBackend  # composing does without

        return ReferenceBackend(precision)
    if found := re.fullmatch(r"gpu(?::(\d+))?", name):
        from lstm_music.backends.gpu.backend import GpuBackend  # CuPy is not for everyone

        return GpuBackend(int(found[1] or 0), precision)
    raise ConfigError(f"no backend is called {name!r}; choose from {', '.join(BACKENDS)}")


def why_no_gpu() -> str:
    """What stands in the way of a GPU, in one line; empty where there is one."""
    try:
        get_backend("gpu")
    except BackendError as error:
        return str(error)
    return ""
