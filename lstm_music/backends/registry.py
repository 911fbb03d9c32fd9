"""Backends by name; the choice is made once and the object handed on."""

from __future__ import annotations

import re

from lstm_music.backends.base import Backend
from lstm_music.backends.checks import PRECISIONS
from lstm_music.backends.cpu import CpuBackend
from lstm_music.errors import BackendError, ConfigError

GPU_PRECISIONS = ("float32", "tf32", "bfloat16")
_GPU = re.compile(r"gpu(:\d+)?")

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
        rounded to it, sums and states are float32), which takes AVX512-BF16 on the cpu; ``amx``
        (bfloat16, too, but summed up in another order), which takes Intel's AMX; on a GPU also
        ``tf32``.

    Raises
    ------
    ConfigError : no backend has that name or precision, or n_threads is below 1.
    BackendError : there is no such GPU, or ``LSTM_MUSIC_ISA`` names a level that this machine
        cannot run, or its processor does not multiply in that precision.

    Examples
    --------
    >>> get_backend("reference").name
    'reference'
    """
    check_backend(name, precision)
    name = resolved(name)
    if name == "cpu":
        return CpuBackend(n_threads, precision=precision)
    if name == "reference":
        from lstm_music.backends.reference import ReferenceBackend  # composing does without

        return ReferenceBackend(precision)
    from lstm_music.backends.gpu.backend import GpuBackend  # CuPy is not for everyone

    return GpuBackend(int(name.partition(":")[2] or 0), precision)


def resolved(name: str) -> str:
    """``gpu`` or ``cpu`` for ``auto``; any other name as it is."""
    if name != "auto":
        return name
    return "gpu" if _has_gpu() else "cpu"


def check_backend(name: str, precision: str) -> None:
    """Raise ConfigError unless there is a backend of that name that knows the precision.

    Whether the machine has what it takes shows when the backend is made.
    """
    if name not in ("cpu", "reference", "auto") and not _GPU.fullmatch(name):
        raise ConfigError(f"no backend is called {name!r}; choose from {', '.join(BACKENDS)}")
    known = PRECISIONS if name in ("cpu", "reference") else GPU_PRECISIONS
    if precision not in known:
        raise ConfigError(
            f"precision on {name} must be one of {', '.join(known)}, got {precision!r}"
        )


def gpu_name() -> str:
    """The first GPU, with what it can do: "NVIDIA H200, compute capability 9.0".

    Raises
    ------
    BackendError : there is none that can be used; the message says why.
    """
    from lstm_music.backends.gpu.device import Device

    device = Device()
    return f"{device.name}, compute capability {device.capability}"


def _has_gpu() -> bool:
    try:
        gpu_name()
    except BackendError:
        return False
    return True
