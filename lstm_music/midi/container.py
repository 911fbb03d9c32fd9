"""Where in a file the MIDI bytes lie: at its start, in a RIFF wrapper, after a MacBinary header."""

from __future__ import annotations

from typing import NamedTuple

from lstm_music.errors import MidiError
from lstm_music.midi.raw import Repair, mend

_MAGIC = b"MThd"
_MAC_BINARY_BYTES = 128
_LEAST_BYTES = 14  # a header chunk
_RIFF_HEADER_BYTES = 12  # RIFF, length, form
_CHUNK_HEADER_BYTES = 8

_FOREIGN_FILES = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive (a compressed MusicXML score is named .mxl)"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg recording"),
    (b"fLaC", "a FLAC recording"),
    (b"<", "XML or HTML text"),
)


class Window(NamedTuple):
    """The MIDI bytes are ``data[start:end]``; what had to be mended to find them."""

    start: int
    end: int
    repairs: tuple[Repair, ...] = ()


def find_midi(data: bytes) -> Window:
    """Find the Standard MIDI File in a file.

    Parameters
    ----------
    data : the whole file.

    Returns
    -------
    Window
        All of it; or the ``data`` chunk of a RIFF file of form RMID, wherever it stands and
        whatever lengths the wrapper claims; or what follows the 128 bytes that old Macintosh
        programs put before a file.

    Raises
    ------
    MidiError : the file is empty, or of another kind.
    """
    if data.startswith(_MAGIC):
        return Window(0, len(data))
    if not data:
        raise MidiError("the file is empty")
    if data.startswith(b"RIFF"):
        return _in_riff(data)
    if data[0] == 0 and data.startswith(_MAGIC, _MAC_BINARY_BYTES):
        return _after_mac_binary(data)
    for magic, what in _FOREIGN_FILES:
        if data.startswith(magic):
            raise MidiError(f"not a MIDI file, it is {what}", offset=0)
    return Window(0, len(data))  # the header's reader says what it misses


def _in_riff(data: bytes) -> Window:
    form = data[8:12]
    if form != b"RMID":
        what = "WAV sound" if form == b"WAVE" else f"of form {form!r}"
        raise MidiError(f"not a MIDI file, it is a RIFF file ({what}; MIDI is RMID)", offset=0)
    repairs: list[Repair] = []
    if _length(data, 4) not in {len(data) - 8, len(data) - 9}:  # a last odd byte is often lost
        mend(repairs, "wrapper_length", 4)
    at = _RIFF_HEADER_BYTES
    while data[at : at + 4] != b"data":
        if len(data) - at < _CHUNK_HEADER_BYTES:
            return _searched(data, repairs)
        at = _after(data, at)
    start, end = at + _CHUNK_HEADER_BYTES, at + _CHUNK_HEADER_BYTES + _length(data, at + 4)
    if not data.startswith(_MAGIC, start):
        return _searched(data, repairs)
    after = _after(data, at)
    if end > len(data) or (len(data) - after >= _CHUNK_HEADER_BYTES and not _at_chunk(data, after)):
        mend(repairs, "wrapper_length", at + 4)
        end = len(data)
    return Window(start, end, tuple(repairs))


def _searched(data: bytes, repairs: list[Repair]) -> Window:
    """The MIDI bytes of a RIFF file whose chunks do not lead to them."""
    start = data.find(_MAGIC, _RIFF_HEADER_BYTES)
    if start < 0:
        raise MidiError("a RIFF wrapper without MIDI in it", offset=0)
    mend(repairs, "wrapper_length", _RIFF_HEADER_BYTES)
    return Window(start, len(data), tuple(repairs))


def _length(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _after(data: bytes, at: int) -> int:
    """Where the chunk after the one at ``at`` begins: at an even byte."""
    length = _length(data, at + 4)
    return at + _CHUNK_HEADER_BYTES + length + length % 2


def _at_chunk(data: bytes, at: int) -> bool:
    """Whether a whole RIFF chunk seems to stand at ``at``."""
    name = data[at : at + 4]
    return (
        name.isascii() and name.decode("ascii").isprintable() and _after(data, at) <= len(data) + 1
    )


def _after_mac_binary(data: bytes) -> Window:
    """The data fork, if its length (bytes 83 to 86) can be; else all that follows."""
    fork = int.from_bytes(data[83:87], "big")
    end = _MAC_BINARY_BYTES + fork
    if not _LEAST_BYTES <= fork <= len(data) - _MAC_BINARY_BYTES:
        end = len(data)
    return Window(_MAC_BINARY_BYTES, end, (Repair("mac_binary", 1, 0),))
