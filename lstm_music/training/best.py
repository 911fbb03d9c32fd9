"""The best model of a run, on disk as soon as the disk takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lstm_music.errors import OutputError
from lstm_music.nn.model import LanguageModel

Write = Callable[[LanguageModel, dict[str, Any]], None]
"""Writes a model file with a summary of its training."""


class BestModel:
    """Keeps the best model; a disk that refuses is asked again, the run goes on meanwhile.

    Parameters
    ----------
    write : writes it.
    on_note : told once of a disk that refuses.
    """

    def __init__(self, write: Write, on_note: Callable[[str], None]) -> None:
        self._write, self._on_note = write, on_note
        self._unwritten: tuple[LanguageModel, dict[str, Any]] | None = None
        self.error: OutputError | None = None

    def keep(self, model: LanguageModel, summary: dict[str, Any]) -> None:
        """Write a model as it is now."""
        self._unwritten = (model, summary)
        self.retry()
        if self._unwritten is not None:  # training goes on: what was the best is set aside
            best = LanguageModel.create(model.config, 0, backend=model.backend)
            best.flat_params[:] = model.flat_params
            self._unwritten = (best, summary)

    def retry(self) -> None:
        """Write what could not be written before, if there is something."""
        if self._unwritten is None:
            return
        try:
            self._write(*self._unwritten)
        except OutputError as error:
            if str(error) != str(self.error):
                self._on_note(f"{error}; training goes on")
            self.error = error
        else:
            self._unwritten = self.error = None
