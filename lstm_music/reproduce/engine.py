"""What the recurrent cells of a task compute on; all else of a task is NumPy's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from lstm_music.backends.base import Backend
from lstm_music.backends.registry import get_backend


@dataclass(slots=True)
class Choice:
    """A backend that was chosen, and whether any cell has been made for it."""

    backend: Backend
    is_used: bool = False


_CHOICE: ContextVar[Choice | None] = ContextVar("choice", default=None)


def cell_backend() -> Backend:
    """What `computing_on` chose; else one thread of the CPU, enough for networks this small."""
    choice = _CHOICE.get()
    if choice is None:
        return get_backend("cpu", n_threads=1)
    choice.is_used = True
    return choice.backend


@contextmanager
def computing_on(name: str) -> Iterator[Choice | None]:
    """A stretch in which the cells that a task makes compute on this; ``cpu``: as usual.

    Raises
    ------
    BackendError : it cannot be used here.
    """
    choice = None if name == "cpu" else Choice(get_backend(name))
    before = _CHOICE.set(choice)
    try:
        yield choice
    finally:
        _CHOICE.reset(before)
