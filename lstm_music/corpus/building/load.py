"""Read one file of a corpus: its pieces, and a reason for every piece left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from lstm_music.corpus.building.options import CorpusOptions
from lstm_music.corpus.building.sources import SourceFile
from lstm_music.errors import LstmMusicError, MidiError
from lstm_music.midi import files
from lstm_music.midi.scores import foreign
from lstm_music.music.hearing import as_score
from lstm_music.music.listening.quantise import quantise
from lstm_music.music.listening.rhythm import infer_meter
from lstm_music.music.listening.styles import infer_style
from lstm_music.music.piece import Piece, on_their_onsets
from lstm_music.music.theory import likely_key

_T = TypeVar("_T")


def read_file(
    file: SourceFile, options: CorpusOptions
) -> Iterator[tuple[str, Piece | LstmMusicError]]:
    """Every piece of a file, or why it cannot be used, each with its part: "#3", "" if alone.

    Repeats are taken once (see `piece_from_stream`): the copies would double the training time.
    A missing key is estimated, a missing style inferred. One bad file never ends the run, so
    even what no reader should raise becomes a reason here.
    """
    for tune, read in _readers(file, options):
        pieces = _tried(read, file)
        if isinstance(pieces, LstmMusicError):
            yield tune, pieces
            continue
        for number, piece in enumerate(pieces, start=1):
            part = tune or (f"#{number}" if len(pieces) > 1 else "")
            yield part, _tried(partial(_finished, piece, file, part, options), file)


def _readers(
    file: SourceFile, options: CorpusOptions
) -> Iterator[tuple[str, Callable[[], list[Piece]]]]:
    """How to read the file, or each tune of a book, so that one bad tune leaves the others."""
    path = Path(file.path)
    if path.suffix.lower() != ".abc":
        yield "", partial(_read_pieces, path, options)
        return
    tunes = _tried(lambda: list(foreign.abc_tunes(foreign.read_text(path))), file)
    if isinstance(tunes, LstmMusicError):
        yield "", partial(_raise, tunes)
        return
    for number, text in enumerate(tunes, start=1):
        yield f"#{number}", partial(_read_tune, text, options)


def _read_pieces(path: Path, options: CorpusOptions) -> list[Piece]:
    return files.read_pieces(
        path,
        reader=options.reader,
        strict=options.strict,
        expand_repeats=False,
        limits=foreign.CORPUS_FILE,
    )


def _read_tune(text: str, options: CorpusOptions) -> list[Piece]:
    """One tune of a book; `files.read_pieces` would give all of them or, if strict, none."""
    piece = foreign.read_abc(
        text, expand_repeats=False, strict=options.strict, limits=foreign.CORPUS_FILE
    )
    return [infer_meter(piece) if "meter" in piece.unstated else piece]


def _raise(error: LstmMusicError) -> list[Piece]:
    raise error


def _tried(function: Callable[[], _T], file: SourceFile) -> _T | LstmMusicError:
    """What the function returns, or its error as one of ours."""
    try:
        return function()
    except LstmMusicError as error:
        return error
    except Exception as error:  # a bug of ours or of music21's: told, counted, gone on
        reason = f"unexpected {type(error).__name__}: {error} (a bug: please report the file)"
        return MidiError(reason, path=file.path)


def _finished(piece: Piece, file: SourceFile, part: str, options: CorpusOptions) -> Piece:
    if not len(piece.notes):
        raise MidiError("holds no notes", path=file.path)
    style = file.style or infer_style(piece)
    if options.manners is not None:
        piece = as_score(piece, options.manners.get(style))
    piece = with_timing(piece, options.timing)
    key = likely_key(piece)
    # The bytes of the file are for who writes the piece, not for training.
    return piece.replace(key=key, style=style, source=file.id + part, original=None)


def with_timing(piece: Piece, timing: str) -> Piece:
    """The piece with its onsets as ``timing`` wants them; see `CorpusOptions`."""
    if timing != "played":
        piece = quantise(piece)
    if timing == "micro" or not np.any(piece.notes["timing_96ths"]):
        return piece
    return piece.replace(notes=on_their_onsets(piece.notes))
