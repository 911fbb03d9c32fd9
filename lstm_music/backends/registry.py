"""Backends by name; the choice is made once and the object handed on."""

from __future__ import annotations

from lstm_music.backends.base import Backend
from lstm_music.backends.cpu import CpuBackend
from lstm_music.errors import ConfigError

BACKENDS = ("cpu", "reference")


def get_backend(name: str = "cpu", *, n_threads: int | None = None) -> Backend:
    """The backend called ``name``.

    Parameters
    ----------
    name : ``cpu`` (compiled) or ``reference`` (NumPy, slow, for comparison).
    n_threads : threads of the cpu backend; None: as many as this process may run on.

    Raises
    ------
    ConfigError : no backend has that name, or n_threads is below 1.
    BackendError : ``LSTM_MUSIC_ISA`` names a level that this machine cannot run.

    Examples
    --------
    >>> get_backend("reference").name
    'reference'
    """
    if name == "cpu":
        return CpuBackend(n_threads)
    if name == "reference":
        from lstm_music.backends.reference import ReferenceBackend  # composing does without

        return ReferenceBackend()
    raise ConfigError(f"no backend is called {name!r}; choose from {', '.join(BACKENDS)}")
