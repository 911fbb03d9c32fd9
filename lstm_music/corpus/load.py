"""Read one file of a corpus: its pieces, and a reason for every piece left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from lstm_music.corpus.options import CorpusOptions
from lstm_music.corpus.sources import SourceFile, infer_style
from lstm_music.errors import LstmMusicError, MidiError
from lstm_music.midi import files, foreign
from lstm_music.music.piece import Piece
from lstm_music.music.theory import estimate_key


def read_file(
    file: SourceFile, options: CorpusOptions
) -> Iterator[tuple[str, Piece | LstmMusicError]]:
    """Every piece of a file, or why it cannot be used, each with its part: "#3", "" if alone.

    Repeats are taken once (see `piece_from_stream`): the copies would double the training time.
    A missing key is estimated, a missing style inferred. One bad file never ends the run, so
    even what no reader should raise becomes a reason here.
    """
    for part, read in _readers(file):
        try:
            yield part, _finished(read(), file, part, options)
        except LstmMusicError as error:
            yield part, error
        except Exception as error:  # a bug of ours or of music21's: told, counted, gone on
            reason = f"unexpected {type(error).__name__}: {error} (a bug: please report the file)"
            yield part, MidiError(reason, path=file.path)


def _readers(file: SourceFile) -> Iterator[tuple[str, Callable[[], Piece]]]:
    path = Path(file.path)
    if path.suffix.lower() in files.MIDI_SUFFIXES:
        yield "", partial(files.read, path)
    elif path.suffix.lower() != ".abc":
        yield "", partial(foreign.read_score, path, expand_repeats=False)
    else:
        try:
            tunes = list(foreign.abc_tunes(foreign.read_text(path)))
        except LstmMusicError as error:
            yield "", partial(_raise, error)
            return
        for number, text in enumerate(tunes, start=1):
            yield f"#{number}", partial(foreign.read_abc, text, expand_repeats=False)


def _raise(error: LstmMusicError) -> Piece:
    raise error


def _finished(piece: Piece, file: SourceFile, part: str, options: CorpusOptions) -> Piece:
    if not len(piece.notes):
        raise MidiError("holds no notes", path=file.path)
    piece = with_timing(piece, options.timing)
    key = piece.key or estimate_key(piece)
    return piece.replace(key=key, style=file.style or infer_style(piece), source=file.id + part)


def with_timing(piece: Piece, timing: str) -> Piece:
    """The piece with its onsets as ``timing`` wants them; see `CorpusOptions`."""
    if timing != "played":
        from lstm_music.music.quantise import quantise

        piece = quantise(piece)
    if timing == "micro" or not np.any(piece.notes["timing_96ths"]):
        return piece
    notes = piece.notes.copy()
    notes["timing_96ths"] = 0
    return piece.replace(notes=notes)
