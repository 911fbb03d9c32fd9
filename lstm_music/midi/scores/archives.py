"""Compressed scores (.mxl, .capx): the one member that is the score, or a clear refusal.

Nothing is unpacked to disk, no more than a limit is ever unpacked, and what no notation program
writes is refused: many members, other compressions, encryption, archives in archives, names that
leave the folder.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from lstm_music.errors import MidiError

MAX_MEMBERS = 1000
MAX_RATIO = 250
"""Unpacked bytes a packed one; scores of the music21 corpus reach 55."""

_RATIO_COUNTS_FROM = 1 << 20
_CONTAINER = "META-INF/container.xml"
_SCORE_SUFFIXES = (".musicxml", ".xml")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_BAD_ZIP = (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, ValueError, EOFError)
_MAGIC = b"PK\x03\x04"


def is_archive(data: bytes) -> bool:
    """Whether the content, whatever its name, is a ZIP archive."""
    return data.startswith(_MAGIC)


def unpack_score(data: bytes, max_bytes: int) -> bytes:
    """The score in a compressed MusicXML or Capella file.

    Parameters
    ----------
    data : the archive.
    max_bytes : how much it may unpack to.

    Raises
    ------
    MidiError : it is damaged, a bomb, encrypted, or holds no score.
    """
    if data.count(b"PK\x01\x02") > MAX_MEMBERS:  # before zipfile makes an object of each
        raise MidiError(f"a compressed score of more than {MAX_MEMBERS} members")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                _check_name(member.filename)
            return _read(archive, _score_member(archive), max_bytes)
    except _BAD_ZIP as error:  # NotImplementedError is a RuntimeError
        raise MidiError(f"is no compressed score: {error}") from error


def _check_name(name: str) -> None:
    parts = re.split(r"[/\\]", name)
    if not parts[0] or ".." in parts or ":" in parts[0]:
        raise MidiError(f"a compressed score with a member outside its folder: {name[:100]!r}")


def _score_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """What the container names as the score, else the first score beside it."""
    by_name = {member.filename: member for member in archive.infolist()}
    if _CONTAINER in by_name:
        container = _read(archive, by_name[_CONTAINER], 1 << 16).decode("utf-8", "replace")
        for path in re.findall(r"<rootfile\s[^>]*?full-path\s*=\s*[\"']([^\"']+)", container):
            if path in by_name:
                return by_name[path]
    for name, member in by_name.items():
        hidden = name.startswith(("META-INF/", "__MACOSX/"))
        if name.lower().endswith(_SCORE_SUFFIXES) and not hidden:
            return member
    raise MidiError(f"a ZIP archive without a score; it holds {', '.join(list(by_name)[:5])!r}")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, max_bytes: int) -> bytes:
    """A member's bytes; the sizes it declares are believed only when they refuse it."""
    if member.flag_bits & _ENCRYPTED:
        raise MidiError("an encrypted score; remove the password first")
    if member.compress_type not in _METHODS:
        raise MidiError(f"a compression that no score has (method {member.compress_type})")
    limit = max_bytes
    if member.compress_size * MAX_RATIO > _RATIO_COUNTS_FROM:
        limit = min(limit, member.compress_size * MAX_RATIO)
    else:
        limit = min(limit, _RATIO_COUNTS_FROM)
    if member.file_size > limit:
        raise MidiError(f"unpacks to {member.file_size} bytes, expected at most {limit}")
    with archive.open(member) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise MidiError(f"unpacks to more than {limit} bytes")
    if is_archive(data):
        raise MidiError("an archive within an archive, not a score")
    return data
