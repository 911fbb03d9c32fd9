"""A music file's bytes, from a path, from memory or from an open file, and what they are."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

from lstm_music.errors import ConfigError, MidiError
from lstm_music.midi.limits import DEFAULT_LIMITS, MAX_SCORE_BYTES
from lstm_music.midi.regular_file import read_regular

MIDI = "midi"
"""The kind of a MIDI file; scores have their ending as their kind (``scores.source.FORMATS``)."""

MIDI_SUFFIXES = frozenset({".mid", ".midi", ".kar", ".rmi", ".smf"})

_MIDI_MAGIC = (b"MThd", b"RIFF")
_MAC_BINARY_BYTES = 128
_HEAD_BYTES = 1 << 16  # how far a score's first line is looked for


class BinaryFile(Protocol):
    """What is needed of an open file: an ``open(path, "rb")``, a ``BytesIO``, a pipe."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""


MusicSource: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryFile
"""A path; or a file's whole content; or an open binary file, read from where it stands."""


class Content(NamedTuple):
    """A music file.

    Parameters
    ----------
    data : its bytes; one more than may be read if it is longer than that.
    kind : ``MIDI`` or a key of ``scores.source.FORMATS``.
    name : its path, or the name that an open file has; "" for bytes.
    """

    data: bytes
    kind: str
    name: str


def read_content(source: MusicSource) -> Content:
    """The bytes of a music file.

    A file that begins as MIDI is MIDI whatever its name; else its ending decides, and where there
    is no ending its first bytes do.

    Raises
    ------
    MidiError : it cannot be read, or is of no known format.
    ConfigError : neither a path, nor bytes, nor an open binary file.
    """
    if isinstance(source, str | os.PathLike):
        return _from_path(Path(source))
    if isinstance(source, bytes | bytearray | memoryview):
        data, name = bytes(source), ""
    elif callable(getattr(source, "read", None)):
        given = getattr(source, "name", "")  # a number, where a file was opened by descriptor
        name = given if isinstance(given, str) else ""
        data = _read_open_file(source, name)
    else:
        raise ConfigError(
            f"expected a path, bytes or an open binary file, got {type(source).__name__}"
        )
    return Content(data, _kind(data, name), name)


def _from_path(path: Path) -> Content:
    suffix = path.suffix.lower()
    if suffix in MIDI_SUFFIXES or read_regular(path, 4)[:4] in _MIDI_MAGIC:
        return Content(read_regular(path, DEFAULT_LIMITS.max_bytes), MIDI, str(path))
    from lstm_music.midi.scores.source import FORMATS

    if suffix not in FORMATS:
        known = " ".join(sorted(FORMATS))
        raise MidiError(f"unknown kind of file, expected MIDI or one of {known}", path=path)
    return Content(read_regular(path, MAX_SCORE_BYTES), suffix, str(path))


def _read_open_file(file: BinaryFile, name: str) -> bytes:
    parts, left = [], MAX_SCORE_BYTES + 1
    while left and (part := _next_bytes(file, left, name)):  # a pipe may give less at a time
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _next_bytes(file: BinaryFile, size: int, name: str) -> bytes:
    try:
        part = file.read(size)
    except (OSError, ValueError) as error:  # a closed file is a ValueError
        reason = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise MidiError(reason, path=name or None) from error
    if not isinstance(part, bytes):  # text, or a file that does not wait
        raise ConfigError(
            'expected a file opened to read bytes, open(path, "rb"), got one that gives '
            f"{type(part).__name__}"
        )
    return part


def _kind(data: bytes, name: str) -> str:
    """What the first bytes say."""
    if not data:
        raise MidiError("it is empty; expected a music file", path=name or None)
    if data[:4] in _MIDI_MAGIC or data.startswith(_MIDI_MAGIC, _MAC_BINARY_BYTES):
        return MIDI
    from lstm_music.midi.scores.archives import is_archive
    from lstm_music.midi.scores.source import decode_text

    if is_archive(data):
        return ".mxl"
    try:
        text = decode_text(data[:_HEAD_BYTES])[0].lstrip()
    except MidiError:  # no text
        text = ""
    if text.startswith("<"):
        return ".musicxml"  # or another score in XML: its root says which
    if re.search(r"(?:^|[\r\n])\*\*\w", text):
        return ".krn"
    if re.search(r"(?:^|[\r\n])X:", text):
        return ".abc"
    raise MidiError(
        "its first bytes are of no known kind; expected MIDI, MusicXML (.mxl too), MEI, ABC "
        "(a line X:) or kern (**kern); read other formats from a file, by its ending",
        path=name or None,
        offset=0,
    )
