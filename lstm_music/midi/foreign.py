"""Every score format that is not MIDI, through music21: MusicXML, ABC, kern, MEI and more.

music21 is imported inside the functions only: it costs 0.3 to 0.8 s. Files are parsed with
``forceSource=True``, because music21's cache unpickles files from a shared folder.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lstm_music.errors import ConfigError, MidiError
from lstm_music.midi.from_stream import piece_from_stream
from lstm_music.music.piece import Piece

__all__ = [
    "SUFFIXES",
    "read_score",
    "read_abc",
    "piece_from_stream",
    "corpus_chorales",
    "corpus_tunes",
    "chorale_files",
    "tune_files",
    "tune_texts",
    "abc_tunes",
]

SUFFIXES = frozenset(
    {".xml", ".musicxml", ".mxl", ".abc", ".krn", ".mei", ".capx", ".nwctxt", ".nwc", ".musedata"}
)
"""File endings that go to music21; its pickle formats stay out."""

MAX_BYTES = 32 << 20
TUNE_BOOKS = ("oneills1850", "airdsAirs", "ryansMammoth")
"""music21's fiddle tunes from three books older than 1904."""


def read_score(
    path: str | Path, *, source: str = "", style: str = "", expand_repeats: bool = True
) -> Piece:
    """Read one score file of any format in ``SUFFIXES``.

    A file of several pieces (an ABC tune book) gives its first; `abc_tunes` cuts a book apart.

    Parameters
    ----------
    path : the file.
    source, style : as in Piece; the source is the path unless told.
    expand_repeats : play repeats and voltas out, else each section once with its last ending.

    Raises
    ------
    MidiError : no such file, too large, or music21 cannot read it as music.
    """
    path = Path(path)
    _check_file(path)
    source = source or str(path)
    if path.suffix.lower() == ".abc":
        text = next(abc_tunes(read_text(path)))
        return read_abc(text, source=source, style=style, expand_repeats=expand_repeats)
    return _parse(path, source=source, style=style, expand_repeats=expand_repeats)


def read_abc(text: str, *, source: str = "", style: str = "", expand_repeats: bool = True) -> Piece:
    """Read one tune in ABC notation.

    Raises
    ------
    MidiError : music21 cannot read it, or it holds no notes.
    """
    return _parse(text, source=source, style=style, format="abc", expand_repeats=expand_repeats)


def _check_file(path: Path) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise MidiError(
            f"unknown kind of file, expected MIDI or one of {' '.join(sorted(SUFFIXES))}", path=path
        )
    try:
        size = path.stat().st_size
    except OSError as error:
        raise MidiError(f"cannot be read: {error.strerror}", path=path) from error
    if path.suffix.lower() == ".mxl":
        size = _unpacked_size(path)
    if not 0 < size <= MAX_BYTES:
        raise MidiError(f"expected 1 to {MAX_BYTES} bytes, got {size}", path=path)


def _unpacked_size(path: Path) -> int:
    """Bytes that a compressed score unpacks to."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except (OSError, zipfile.BadZipFile) as error:
        raise MidiError(f"is no compressed score: {error}", path=path) from error


def read_text(path: Path) -> str:
    """The text of a score file, bytes that are not UTF-8 replaced."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise MidiError(f"cannot be read: {error.strerror}", path=path) from error


def _parse(
    value: str | Path, *, source: str, style: str = "", expand_repeats: bool, **options: str
) -> Piece:
    """Parse with music21; every failure of its becomes one MidiError."""
    from music21 import converter

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            stream = converter.parse(value, forceSource=True, **options)
            piece = piece_from_stream(
                stream, source=source, style=style, expand_repeats=expand_repeats
            )
        except (MidiError, ConfigError) as error:
            raise MidiError(str(error), path=source or None) from error
        except Exception as error:  # music21 raises whatever its parsers meet
            reason = f"music21 cannot read it: {type(error).__name__}: {error}"
            raise MidiError(reason, path=source or None) from error
    heard = dict.fromkeys(f"music21: {w.message}" for w in caught)
    return piece.replace(repairs=(*piece.repairs, *list(heard)[:8]))


def abc_tunes(text: str) -> Iterator[str]:
    """The tunes of an ABC book, each under the book's own header."""
    chunks = re.split(r"(?m)^(?=X:)", text)
    header, tunes = (chunks[0], chunks[1:]) if len(chunks) > 1 else ("", chunks)
    header = "".join(line for line in header.splitlines(True) if re.match(r"[A-Za-z]:", line))
    for tune in tunes:
        yield re.sub(r"(?m)^(X:.*\n)", lambda match: match.group(1) + header, tune, count=1)


def chorale_files() -> list[tuple[str, Path]]:
    """Id and file of each of music21's Bach chorales, in the order of Riemenschneider.

    21 of the book's 371 numbers are reprints of others; each chorale is given once.
    """
    from music21 import corpus

    files = {}
    for name in corpus.chorales.Iterator(1, 371, returnType="filename"):
        found = corpus.getWork(name)  # a list when several encodings share the name
        path = Path(found[0] if isinstance(found, list) else found)
        files[f"music21:chorales/{Path(name).name}"] = path
    return list(files.items())


def tune_files() -> list[tuple[str, Path]]:
    """Id and file of each part of music21's three fiddle-tune books; each part holds many tunes."""
    from music21 import corpus

    return [
        (f"music21:tunes/{book}/{Path(path).stem}", Path(path))
        for book in TUNE_BOOKS
        for path in sorted(corpus.getComposer(book))
    ]


def tune_texts() -> list[tuple[str, str]]:
    """Id and ABC text of each tune of music21's three fiddle-tune books."""
    return [
        (f"{name}#{number}", text)
        for name, path in tune_files()
        for number, text in enumerate(abc_tunes(read_text(path)), start=1)
    ]


def corpus_chorales() -> Iterator[Piece]:
    """music21's Bach chorales, style "chorale", each section once (about 30 s for all)."""
    for name, path in chorale_files():
        yield read_score(path, source=name, style="chorale", expand_repeats=False)


def corpus_tunes() -> Iterator[Piece]:
    """music21's fiddle tunes, style "folk", each section once; the unreadable left out.

    Two to three minutes for all 4,248.
    """
    for name, text in tune_texts():
        try:
            piece = read_abc(text, source=name, style="folk", expand_repeats=False)
        except MidiError:
            continue
        yield piece
