"""Read a whole corpus: in parallel, with a reason for every piece left out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from lstm_music.corpus.sources import Item, OnReject, infer_style, list_items
from lstm_music.errors import LstmMusicError
from lstm_music.midi import foreign
from lstm_music.midi.files import MIDI_SUFFIXES
from lstm_music.midi.read import read_midi
from lstm_music.music.piece import Piece
from lstm_music.music.theory import estimate_key

Progress = Callable[[int, int], None]
"""Called with how many pieces are done, and of how many."""

_SERIAL_BELOW = 200  # starting the processes costs more than reading so few


@dataclass(frozen=True, slots=True)
class LoadedPiece:
    """A piece, the id of where it came from, and "valid" or "test" if its source holds it out."""

    id: str
    piece: Piece
    held_out: str = ""


def load_pieces(
    sources: Iterable[str | os.PathLike[str]],
    *,
    progress: Progress | None = None,
    on_reject: OnReject | None = None,
    n_jobs: int = 2,
) -> list[LoadedPiece]:
    """Read every piece of the sources; one bad file never ends the run.

    Repeats are taken once (see `piece_from_stream`): the copies would double the training time.
    A missing key is estimated, a missing style inferred.

    Parameters
    ----------
    sources : as in `list_items`.
    progress : called now and then with (done, total).
    on_reject : called with (id, reason) for each piece left out; by default they are dropped.
    n_jobs : processes; more than one only for large corpora.

    Raises
    ------
    ConfigError : a source does not exist.
    """
    reject = on_reject or _ignore
    items = list_items(sources, reject)
    return load_items(items, progress=progress, on_reject=reject, n_jobs=n_jobs)


def load_items(
    items: Sequence[Item],
    *,
    progress: Progress | None = None,
    on_reject: OnReject | None = None,
    n_jobs: int = 2,
) -> list[LoadedPiece]:
    """Read the pieces that `list_items` found; parameters as in `load_pieces`."""
    loaded = []
    for done, (item, result) in enumerate(zip(items, _read_all(items, n_jobs)), start=1):
        if isinstance(result, str):
            (on_reject or _ignore)(item.id, result)
        else:
            loaded.append(LoadedPiece(item.id, result, item.held_out))
        if progress is not None:
            progress(done, len(items))
    return loaded


def _ignore(_id: str, _reason: str) -> None:
    """Reject without a word."""


def _read_all(items: Sequence[Item], n_jobs: int) -> Iterator[Piece | str]:
    # The worker processes inherit the standard streams, which a host program may not have.
    if n_jobs == 1 or len(items) < _SERIAL_BELOW or sys.stdout is None or sys.stderr is None:
        yield from map(read_item, items)
        return
    from joblib import Parallel, delayed  # comes with music21

    pool = Parallel(n_jobs=n_jobs, return_as="generator", batch_size=8)
    yield from pool(delayed(read_item)(item) for item in items)


def read_item(item: Item) -> Piece | str:
    """The piece of one item, or why it cannot be used."""
    try:
        piece = _read(item)
    except LstmMusicError as error:
        return str(error)
    if not len(piece.notes):
        return "holds no notes"
    key = piece.key or estimate_key(piece)
    return piece.replace(key=key, style=item.style or infer_style(piece), source=item.id)


def _read(item: Item) -> Piece:
    if item.path is None:
        return foreign.read_abc(item.abc, source=item.id, expand_repeats=False)
    if item.path.suffix.lower() in MIDI_SUFFIXES:
        return read_midi(item.path)
    return foreign.read_score(item.path, source=item.id, expand_repeats=False)
