"""Music that a client sends: a file's bytes, a path, or a piece as JSON."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.midi.files import read
from lstm_music.midi.json_piece import piece_from_json
from lstm_music.music.piece import Piece
from lstm_music.serve.limits import Limits
from lstm_music.serve.protocol import ServeError

KINDS = ("data", "path", "piece")


@dataclass(frozen=True, slots=True)
class Access:
    """Which files of this machine a client may have read.

    Parameters
    ----------
    trusted : all of them: it has shown the token, or has started us.
    files : those in this folder; None: none.
    """

    trusted: bool
    files: str | None = None

    def checked(self, name: str) -> Path:
        """The path of a file that may be read.

        Raises
        ------
        ServeError : it may not.
        """
        try:
            path = Path(name) if self.files is None else Path(self.files, name)
            resolved = path.resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise ConfigError(f"not a path: {error}") from None
        if self.trusted:
            return resolved
        if self.files is not None and resolved.is_relative_to(Path(self.files).resolve()):
            return resolved
        where = "with --files FOLDER" if self.files is None else f"in {self.files}"
        raise ServeError(
            "forbidden",
            f"{name[:200]!r} may not be read: send `data` instead of `path`, show the token, or "
            f"start the server {where}",
        )


def music(value: Any, name: str, access: Access, limits: Limits) -> Piece:
    """The piece that a client sends.

    Parameters
    ----------
    value : ``{"data": base64 of a file}``, ``{"path": a file}`` or ``{"piece": JSON}``.
    name : of the parameter, for messages.
    access, limits : what the client may do.

    Raises
    ------
    ServeError, ConfigError, MidiError : it is none of these, too long, or cannot be read.
    """
    if not isinstance(value, Mapping) or len(value) != 1 or next(iter(value)) not in KINDS:
        raise ConfigError(
            f'{name} must be {{"data": base64}}, {{"path": file}} or {{"piece": object}}'
        )
    kind, what = next(iter(value.items()))
    if kind == "piece":
        return piece_from_json(what, max_notes=limits.notes)
    if not isinstance(what, str):
        raise ConfigError(f"{name}: {kind} must be a string")
    piece = read(_decoded(what, name) if kind == "data" else access.checked(what))
    if len(piece.notes) > limits.notes:
        raise ServeError(
            "too_large", f"{name} has {len(piece.notes)} notes, more than {limits.notes}"
        )
    return piece


def _decoded(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigError(f"{name}: data must be base64: {error}") from None
