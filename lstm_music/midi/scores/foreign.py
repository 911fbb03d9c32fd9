"""Every score format that is not MIDI, through music21: MusicXML, ABC, kern, MEI and more.

music21 runs in a process of its own with limits on time and memory (`worker`), from bytes that
were looked through first (`source`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lstm_music.errors import MidiError
from lstm_music.midi.content import MIDI
from lstm_music.midi.regular_file import read_regular
from lstm_music.midi.scores.abc.text import abc_tunes
from lstm_music.midi.scores.from_stream import piece_from_stream
from lstm_music.midi.scores.source import FORMATS, MAX_BYTES, decode_text
from lstm_music.midi.scores.worker import CORPUS_FILE, SINGLE_FILE, WorkerLimits, read_in_worker
from lstm_music.music.piece import Piece

__all__ = [
    "CORPUS_FILE",
    "SINGLE_FILE",
    "SUFFIXES",
    "WorkerLimits",
    "read_score",
    "read_score_bytes",
    "read_scores",
    "read_scores_bytes",
    "read_abc",
    "read_midi_through_music21",
    "piece_from_stream",
    "corpus_chorales",
    "corpus_tunes",
    "chorale_files",
    "tune_files",
    "tune_texts",
    "abc_tunes",
]

SUFFIXES = frozenset(FORMATS)
"""File endings of scores."""

TUNE_BOOKS = ("oneills1850", "airdsAirs", "ryansMammoth")
"""music21's fiddle tunes from three books older than 1904."""


def read_score(
    path: str | Path,
    *,
    source: str = "",
    style: str = "",
    expand_repeats: bool = True,
    strict: bool = False,
    limits: WorkerLimits = SINGLE_FILE,
) -> Piece:
    """Read one score file of any format in ``SUFFIXES``; of several pieces in it the first.

    Parameters
    ----------
    path : the file.
    source, style : as in Piece; the source is the path unless told.
    expand_repeats : play repeats, voltas and jumps out, else each section once with its last
        ending.
    strict : refuse a file in which something had to be mended.
    limits : what reading it may take.

    Raises
    ------
    MidiError : no such file, too large, not a score that music21 can read, or beyond a limit.
    ConfigError : there is no Python to run music21 in.
    """
    data, suffix = _read_file(Path(path))
    return read_score_bytes(
        data,
        suffix,
        source=source or str(path),
        style=style,
        expand_repeats=expand_repeats,
        strict=strict,
        limits=limits,
    )


def read_score_bytes(
    data: bytes,
    suffix: str,
    *,
    source: str = "",
    style: str = "",
    expand_repeats: bool = True,
    strict: bool = False,
    limits: WorkerLimits = SINGLE_FILE,
) -> Piece:
    """Read the content of a score file; parameters as in `read_score`.

    Parameters
    ----------
    data : the whole file.
    suffix : of ``SUFFIXES``, or ``content.MIDI`` for a MIDI file by music21's own reader.

    Raises
    ------
    MidiError, ConfigError : as `read_score`.
    """
    mended: tuple[str, ...] = ()
    if suffix == ".abc":
        text, mended = _text(data, source, strict=strict)
        data = next(abc_tunes(text)).encode("utf-8-sig", "surrogatepass")
    options = {"style": style, "expand_repeats": expand_repeats, "strict": strict}
    piece = _read(data, suffix, limits, source, first_only=True, **options)[0]
    return piece.replace(repairs=(*piece.repairs, *mended))


def read_scores(
    path: str | Path,
    *,
    expand_repeats: bool = True,
    strict: bool = False,
    limits: WorkerLimits = SINGLE_FILE,
) -> list[Piece]:
    """All pieces of a score file, such as an ABC tune book; parameters as in `read_score`.

    The source of the second piece is ``path#2``, and so on. A piece that cannot be read is left
    out, which a repair of the first one says; ``limits`` are for each tune of an ABC book.

    Raises
    ------
    MidiError : as `read_score`, if no piece can be read; with ``strict``, if any cannot.
    """
    data, suffix = _read_file(Path(path))
    return read_scores_bytes(
        data,
        suffix,
        source=str(path),
        expand_repeats=expand_repeats,
        strict=strict,
        limits=limits,
    )


def read_scores_bytes(
    data: bytes,
    suffix: str,
    *,
    source: str = "",
    expand_repeats: bool = True,
    strict: bool = False,
    limits: WorkerLimits = SINGLE_FILE,
) -> list[Piece]:
    """All pieces in the content of a score file; parameters as in `read_score_bytes`.

    Raises
    ------
    MidiError, ConfigError : as `read_scores`.
    """
    options = {"expand_repeats": expand_repeats, "strict": strict}
    if suffix == MIDI:
        return _read(data, suffix, limits, source, strict=strict, first_only=True)
    if suffix != ".abc":
        return _numbered(_read(data, suffix, limits, source, **options))
    text, mended = _text(data, source, strict=strict)
    pieces, failures = [], []
    for number, tune in enumerate(abc_tunes(text), start=1):
        tune_source = f"{source}#{number}" if number > 1 else source
        tune_data = tune.encode("utf-8-sig", "surrogatepass")
        try:
            pieces += _read(tune_data, suffix, limits, tune_source, **options)
        except MidiError as error:
            if strict:
                raise
            failures.append(f"piece {number} left out: {error.reason}")
    if not pieces:
        raise MidiError(f"none of its {len(failures)} pieces; {failures[0]}", path=source or None)
    repairs = (*pieces[0].repairs, *mended, *failures)
    return [pieces[0].replace(repairs=repairs), *pieces[1:]]


def read_abc(
    text: str,
    *,
    source: str = "",
    style: str = "",
    expand_repeats: bool = True,
    strict: bool = False,
    limits: WorkerLimits = SINGLE_FILE,
) -> Piece:
    """Read one tune in ABC notation; parameters as in `read_score`.

    Raises
    ------
    MidiError : music21 cannot read it within ``limits``, or it holds no notes.
    """
    data = text.encode("utf-8-sig", "surrogatepass")
    options = {"style": style, "expand_repeats": expand_repeats, "strict": strict}
    return _read(data, ".abc", limits, source, first_only=True, **options)[0]


def read_midi_through_music21(
    path: str | Path, *, strict: bool = False, limits: WorkerLimits = SINGLE_FILE
) -> Piece:
    """The reference path: a MIDI file read by music21 alone, as slow and as lossy as that is.

    Raises
    ------
    MidiError : no such file, or music21 cannot read it within ``limits``.
    """
    data = read_regular(path, MAX_BYTES)
    return _read(data, MIDI, limits, str(path), strict=strict, first_only=True)[0]


def _read_file(path: Path) -> tuple[bytes, str]:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise MidiError(
            f"unknown kind of file, expected MIDI or one of {' '.join(sorted(SUFFIXES))}", path=path
        )
    return read_regular(path, MAX_BYTES), suffix


def _read(
    data: bytes, suffix: str, limits: WorkerLimits, source: str, **options: object
) -> list[Piece]:
    try:
        return read_in_worker(data, suffix, limits=limits, source=source, **options)
    except MidiError as error:
        raise MidiError(error.reason, path=source or None, offset=error.offset) from error


def _numbered(pieces: list[Piece]) -> list[Piece]:
    rest = [p.replace(source=f"{p.source}#{i}") for i, p in enumerate(pieces[1:], start=2)]
    return [*pieces[:1], *rest]


def _text(data: bytes, source: str, *, strict: bool = False) -> tuple[str, tuple[str, ...]]:
    """The text, and what had to be mended to read it, which ``strict`` refuses."""
    try:
        text, mended = decode_text(data)
    except MidiError as error:
        raise MidiError(error.reason, path=source or None, offset=error.offset) from error
    if strict and mended:
        raise MidiError(f"it needs a repair: {mended[0]}", path=source or None)
    return text, mended


def read_text(path: Path) -> str:
    """The text of a score file.

    Raises
    ------
    MidiError : it cannot be read, or is no text.
    """
    return _text(read_regular(path, MAX_BYTES), str(path))[0]


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
