"""The one exception tree: everything the package raises on purpose.

::

    LstmMusicError
    ├── MidiError        a file cannot be read as music, or written
    ├── TokenError       a token sequence breaks the grammar
    ├── ModelFileError   a model file is damaged, foreign or incompatible
    ├── BackendError     the asked-for device cannot be used
    ├── OutputError      a file cannot be written
    │   ├── OutputExistsError    it is there already, and overwriting was not asked for
    │   ├── RunLockedError       another process trains there
    │   └── UnsavedError         a run ended whose last state the disk did not take
    ├── ClaimError       what a task of the papers claims is not so
    ├── ConfigError      a setting is wrong (also a ValueError)
    └── ShapeError       an array has the wrong shape or dtype (also a ValueError)

Every message says what was wrong, what was expected, what was got, and what to do next.
"""

from __future__ import annotations

import os


class LstmMusicError(Exception):
    """Base of every error that lstm_music raises on purpose."""


class MidiError(LstmMusicError):
    """A music file cannot be read or written.

    Parameters
    ----------
    reason : what is wrong, expected and got.
    path : the file, if known.
    offset : byte offset of the fault in the file, if known.
    """

    def __init__(
        self,
        reason: str,
        *,
        path: str | os.PathLike[str] | None = None,
        offset: int | None = None,
    ) -> None:
        self.reason = reason
        self.path = path
        self.offset = offset
        super().__init__(reason)

    def __str__(self) -> str:
        where = "" if self.path is None else f"{os.fspath(self.path)}: "
        at = "" if self.offset is None else f" (byte {self.offset})"
        return f"{where}{self.reason}{at}"


class TokenError(LstmMusicError):
    """A token sequence breaks the grammar, or a piece cannot be tokenised."""


class ModelFileError(LstmMusicError):
    """A model file is damaged, is not ours, or needs another version."""


class BackendError(LstmMusicError):
    """The asked-for device or instruction set is not available here."""


class OutputError(LstmMusicError):
    """A file cannot be written where it was asked for."""


class OutputExistsError(OutputError):
    """The output file exists, and overwriting it was not asked for."""


class RunLockedError(OutputError):
    """Another process trains in the same folder."""


class UnsavedError(OutputError):
    """A run has ended, and the disk did not take its last state."""


class ClaimError(LstmMusicError):
    """A task of the papers ran to its end, and what it claims is not so."""


class ConfigError(LstmMusicError, ValueError):
    """A setting has a wrong name, type or range."""


class ShapeError(LstmMusicError, ValueError):
    """An array has the wrong shape, dtype or memory layout."""
