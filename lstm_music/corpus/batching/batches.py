"""Endless batches for backpropagation through time, truncated or whole.

Each of B rows walks through piece after piece in chunks of T tokens, or piece by piece; the state
carries over from chunk to chunk within a piece. Pieces come in a new order and varied anew
(`vary`) each epoch, all decided by the seed alone.
"""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.batching.augment import STRAIGHT_DRUMS, vary
from lstm_music.corpus.batching.masks import MaskChances, draw_mask
from lstm_music.corpus.building.facts import count_bars
from lstm_music.corpus.cache import TokenCache
from lstm_music.errors import ConfigError
from lstm_music.tokens.annotate import annotate_choices
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.types import BoolArray, IntArray

HIDE_BARS_LEFT = 0.5
"""How often a piece is shown without how many bars are left."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One step of training.

    Parameters
    ----------
    rows : (T, B, n_streams) int32, embedding rows after each token; 0 past a row's length.
    targets : (T, B) int32, the token that follows; -1 where that is no choice, as in given music,
        and past a row's length.
    lengths : (B,) int32, tokens of each row in this chunk, 0 for a row with nothing left.
    starts : (B,) bool, the row begins a new piece: its state must be zero.
    epoch : counts from 0; the epoch of the piece that was begun last.
    """

    rows: IntArray
    targets: IntArray
    lengths: IntArray
    starts: BoolArray
    epoch: int

    @property
    def n_targets(self) -> int:
        """Tokens to predict."""
        return int(np.count_nonzero(self.targets >= 0))

    @property
    def n_tokens(self) -> int:
        """Tokens that are read."""
        return int(self.lengths.sum())


@dataclass
class _Row:
    """Where one row stands: a place in the shuffled epoch, and the next token of that piece."""

    epoch: int = -1
    place: int = -1
    offset: int = 0


class ChunkStream:
    """Chunks without end, or one plain pass with ``augment=False``.

    Parameters
    ----------
    cache : the corpus.
    side : "train", "valid" or "test".
    batch_size : B.
    chunk_length : T, the longest chunk; None: whole pieces.
    rng_seed : decides the order and how each piece is varied.
    augment : False for one pass in the cache's order, nothing varied, the number of
        bars left never told.
    balance : how far the styles are evened out, 0..1: 0 = each piece once an epoch; 1 = pieces of
        rarer styles come again and again, until every style has as many tokens as the commonest.
    straight_drums : chance that a piece of drums alone is put on its musical grid.
    masks : how often parts of a piece are hidden; None: never.

    Raises
    ------
    ConfigError : no piece on that side.
    """

    def __init__(
        self,
        cache: TokenCache,
        side: str = "train",
        *,
        batch_size: int,
        chunk_length: int | None,
        rng_seed: int = 0,
        augment: bool = True,
        balance: float = 0.0,
        straight_drums: float = STRAIGHT_DRUMS,
        masks: MaskChances | None = None,
    ) -> None:
        self._pieces = cache.indices(side)
        if not len(self._pieces):
            raise ConfigError(f"no piece on the {side} side; give more music")
        self._cache = cache
        self._chunk_length = chunk_length
        self._rng_seed = rng_seed
        self._augment = augment
        self._straight_drums = straight_drums
        self._masks = masks
        self._next = (0, 0)  # epoch, place
        self._times = _times_an_epoch(cache, self._pieces, balance)
        self._order = (-1, self._pieces)
        self._rows = [_Row() for _ in range(batch_size)]
        self._tokens: list[IntArray] = [np.empty(0, np.int32)] * batch_size
        self._targets: list[IntArray] = [np.empty(0, np.int32)] * batch_size
        self._annotated: list[IntArray] = [np.empty((0, DEFAULT.n_streams), np.int32)] * batch_size

    def __iter__(self) -> ChunkStream:
        return self

    def __next__(self) -> Chunk:
        starts = np.array([self._refill(b) for b in range(len(self._rows))], bool)
        lengths = np.array([self._left(b) for b in range(len(self._rows))], np.int32)
        if self._chunk_length is not None:
            lengths = np.minimum(lengths, self._chunk_length)
        T, B = int(lengths.max()), len(self._rows)
        if not T:
            raise StopIteration
        rows = np.zeros((T, B, DEFAULT.n_streams), np.int32)
        targets = np.full((T, B), -1, np.int32)
        for b, length in enumerate(lengths):
            start = self._rows[b].offset
            rows[:length, b] = self._annotated[b][start : start + length]
            targets[:length, b] = self._targets[b][start + 1 : start + 1 + length]
            self._rows[b].offset += int(length)
        return Chunk(rows, targets, lengths, starts, max(row.epoch for row in self._rows))

    def cursor(self) -> dict[str, Any]:
        """Where the stream stands, as JSON values; `restore` continues there bit for bit."""
        return {"next": list(self._next), "rows": [asdict(row) for row in self._rows]}

    def restore(self, cursor: dict[str, Any]) -> None:
        """Continue where `cursor` was taken, in a stream made with the same arguments.

        Raises
        ------
        ConfigError, KeyError, TypeError, ValueError, IndexError : it is no such cursor.
        """
        if len(cursor["rows"]) != len(self._rows):
            raise ConfigError(
                f"the cursor is of {len(cursor['rows'])} rows, the stream has {len(self._rows)}"
            )
        epoch, place = cursor["next"]
        self._rows = [_Row(**row) for row in cursor["rows"]]
        numbers = [epoch, place, *(n for row in self._rows for n in astuple(row))]
        if not all(type(n) is int and -1 <= n < 1 << 31 for n in numbers):
            raise ConfigError("the cursor stands nowhere in the stream")
        self._next = (epoch, min(place, len(self._epoch_order(epoch))))
        for b, row in enumerate(self._rows):
            if row.place >= 0:
                self._load(b)
            else:  # it has begun no piece there
                self._tokens[b] = self._tokens[b][:0]

    def _left(self, b: int) -> int:
        return max(len(self._tokens[b]) - 1 - self._rows[b].offset, 0)

    def _refill(self, b: int) -> bool:
        """Give a row that has finished its piece the next one; True if it begins a piece."""
        if self._left(b):
            return False
        epoch, place = self._next
        if place == len(self._epoch_order(epoch)):
            if not self._augment:
                return False
            epoch, place = epoch + 1, 0
        self._next = (epoch, place + 1)
        self._rows[b] = _Row(epoch, place)
        self._load(b)
        return True

    def _load(self, b: int) -> None:
        row = self._rows[b]
        piece = int(self._epoch_order(row.epoch)[row.place])
        tokens, bars = self._cache.piece_tokens(piece), 0
        conditioning = None
        if self._augment:
            # By place, not by piece: one that comes twice an epoch is varied twice.
            rng = np.random.default_rng([self._rng_seed, row.epoch, row.place])
            hide = rng.random() < HIDE_BARS_LEFT
            varied = canonical(vary(decode(tokens), rng, straight_drums=self._straight_drums))
            whole_bars = self._cache.bars_of_whole(piece)
            tokens, bars = encode(varied), 0 if hide else whole_bars or count_bars(varied)
            if whole_bars:
                tokens = tokens[:-1]  # this is not where the music ends
            if self._masks is not None:
                conditioning = draw_mask(varied, rng, self._masks)
        self._tokens[b] = tokens
        self._annotated[b], free = annotate_choices(tokens, bars, conditioning)
        self._targets[b] = np.where(free, tokens, -1).astype(np.int32)

    def _epoch_order(self, epoch: int) -> npt.NDArray[np.int64]:
        if not self._augment:
            return self._pieces
        if self._order[0] != epoch:
            rng = np.random.default_rng([self._rng_seed, epoch])
            times = np.floor(self._times + rng.random(len(self._pieces))).astype(np.int64)
            self._order = (epoch, rng.permutation(np.repeat(self._pieces, times)))
        return self._order[1]


def _times_an_epoch(
    cache: TokenCache, pieces: npt.NDArray[np.int64], balance: float
) -> npt.NDArray[np.float64]:
    """How often each piece comes in an epoch, on average, (P,): at least once."""
    styles = np.array([cache.styles[int(i)] for i in pieces])
    names, which = np.unique(styles, return_inverse=True)
    tokens = np.bincount(which, weights=cache.lengths[pieces], minlength=len(names))
    return np.asarray((tokens.max() / tokens) ** balance)[which]
