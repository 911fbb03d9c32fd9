"""A set of windows of notes in as many bytes as one likes: never one forgotten.

`lstm_music.corpus.copies.windows` keeps each window of a corpus in about `bits` + 1.5 bits. For a
large corpus there may be fewer than two bits a window. Then nothing is left for the 1.5, so here
the windows are not listed: they are equations, and what is kept is a solution (Dietzfelbinger and
Pagh, "Succinct data structures for retrieval and approximate membership", 2008).

The hash of a window chooses one of the buckets, each of 120 unknown bits, and some of these bits,
whose sum modulo 2 is to be 1. The solution of a bucket satisfies the equations of all its windows;
any other window satisfies each by chance in half of all cases. A bucket takes as many equations as
it can: several of each window where there are few, one of some windows where there are too many.
So at n bits a window about one in 2**(0.9 n) others passes, for n from 1 to 8; below 1 it is a
little more, and below 1/32 nothing can be told. How many equations a bucket has is its level: at
level v a window whose hash draws d (0 to 31) has (v + d) // 32 of them.

A bucket is two 64-bit words: its unknowns, with the level in the highest 8 bits of the second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.copies.windows import MOST_NOTES, MOST_WINDOWS, mix, window_hashes
from lstm_music.errors import ModelFileError

_Ints = npt.NDArray[np.int64]
_Words = npt.NDArray[np.uint64]

BUCKET_BYTES = 16
_UNKNOWNS = 120
_MOST_EQUATIONS = 8  # of a window
_STEPS = 32  # levels that give each window of a bucket one equation more
_MOST_LEVEL = _MOST_EQUATIONS * _STEPS - 1
_TRIED = _UNKNOWNS + 16  # equations of a bucket: the last 16 all fit once in 2**16 buckets
_BUCKETS_AT_ONCE = 256  # their equations stay in a processor's cache

_ONE, _LEVEL_AT = np.uint64(1), np.uint64(56)
_UNKNOWN_SECOND = np.uint64((1 << 56) - 1)  # the unknowns in the second word
_RIGHT_AT = np.uint64(63)  # of an equation, in its second word: its right-hand side
_RIGHT = _ONE << _RIGHT_AT


@dataclass(frozen=True, eq=False, slots=True)
class WindowFilter:
    """A set of windows in a given number of bytes.

    Parameters
    ----------
    n_notes : length of a window, 2 to 64.
    windows : how many different ones it was made of.
    buckets : (b, 2) uint64; see the module's docstring.
    """

    n_notes: int
    windows: int
    buckets: _Words

    @classmethod
    def of(cls, hashes: Iterable[_Words], n_notes: int, n_bytes: int) -> WindowFilter:
        """The set of all windows whose hashes are given, in at most ``n_bytes``, 16 or more."""
        distinct = np.unique(np.concatenate([np.empty(0, np.uint64), *hashes]))
        n_buckets = n_bytes // BUCKET_BYTES
        buckets = np.empty((n_buckets, 2), np.uint64)
        bucket = _bucket(distinct, n_buckets)  # in order, as the hashes are
        for first in range(0, n_buckets, _BUCKETS_AT_ONCE):
            last = min(first + _BUCKETS_AT_ONCE, n_buckets)
            low, high = np.searchsorted(bucket, [first, last])
            rows, levels = _equations(
                distinct[low:high], bucket[low:high].astype(np.int64) - first, last - first
            )
            buckets[first:last] = _solution(rows, levels)
        return cls(n_notes, len(distinct), buckets)

    def known(self, steps: _Ints) -> npt.NDArray[np.bool_]:
        """Where in lines known windows begin; as `WindowSet.known`."""
        begins, hashes = window_hashes(steps, self.n_notes)
        words = self.buckets[_bucket(hashes, len(self.buckets))]
        count = (words[:, 1] >> _LEVEL_AT).astype(np.int64) + _drawn(hashes)
        count //= _STEPS
        passes = np.full(len(hashes), self.windows > 0)
        for i in range(int(count.max(initial=0))):
            asked = np.flatnonzero(passes & (count > i))
            passes[asked] = _odd(_masks(hashes[asked], i), words[asked])
        known = np.zeros(len(steps), bool)
        known[begins] = passes
        return known

    def facts(self) -> dict[str, int]:
        """What `from_bytes` needs beside the bytes."""
        return {"n_notes": self.n_notes, "windows": self.windows}

    def to_bytes(self) -> bytes:
        """The buckets, little-endian."""
        return self.buckets.astype("<u8").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, *, n_notes: int, windows: int) -> WindowFilter:
        """The set that `to_bytes` wrote.

        Raises
        ------
        ModelFileError : a number is out of range, or the bytes are no whole buckets.
        """
        fits = 2 <= n_notes <= MOST_NOTES and 0 <= windows < MOST_WINDOWS
        if not fits or not data or len(data) % BUCKET_BYTES:
            raise ModelFileError(
                f"no filter of {windows} windows of {n_notes} notes in {len(data)} bytes"
            )
        words = np.frombuffer(data, "<u8").astype(np.uint64)
        return cls(n_notes, windows, words.reshape(-1, 2))


def _bucket(hashes: _Words, n_buckets: int) -> _Words:
    """The bucket of each hash, by its upper half."""
    return (hashes >> np.uint64(32)) * np.uint64(n_buckets) >> np.uint64(32)


def _drawn(hashes: _Words) -> _Ints:
    """0 to 31 of each hash: how early its window has its equations."""
    return (hashes & np.uint64(_STEPS - 1)).astype(np.int64)


def _masks(hashes: _Words, i: int) -> _Words:
    """(n, 2) the unknowns that stand in equation ``i`` of each window."""
    first = mix(hashes ^ np.uint64(i + 1))
    return np.stack([first, mix(first) & _UNKNOWN_SECOND], axis=1)


def _odd(masks: _Words, words: _Words) -> npt.NDArray[np.bool_]:
    """Whether an odd number of the unknowns in ``masks`` are 1."""
    both = masks & words
    return (np.bitwise_count(both[..., 0] ^ both[..., 1]) & 1).astype(bool)


def _equations(hashes: _Words, bucket: _Ints, n_buckets: int) -> tuple[_Words, _Ints]:
    """The equations that buckets try to take, those of the lowest levels first.

    Parameters
    ----------
    hashes : of all windows in these buckets, by their buckets.
    bucket : of each, counted from 0.
    n_buckets : how many there are.

    Returns
    -------
    rows : (2, _TRIED, n_buckets) both words of each equation; what a bucket does not need is 0.
    levels : (_TRIED + 1, n_buckets) from which level on each equation counts.
    """
    per_bucket = np.bincount(bucket, minlength=n_buckets)
    # Equations that are left out count from higher levels on than those that are tried.
    fewest = max(int(per_bucket.min()), 1)
    rounds = min(-(-(_TRIED + 1) // fewest), _MOST_EQUATIONS)
    owner = np.tile(bucket, rounds)
    level = np.concatenate([(i + 1) * _STEPS - _drawn(hashes) for i in range(rounds)])
    order = np.argsort(owner << 16 | level, kind="stable")
    owner = owner[order]
    firsts = rounds * (np.cumsum(per_bucket) - per_bucket)
    place = np.arange(len(owner)) - firsts[owner]
    levels = np.full((_TRIED + 1, n_buckets), _MOST_LEVEL + 1)
    here = place <= _TRIED
    levels[place[here], owner[here]] = level[order[here]]
    rows = np.zeros((2, _TRIED, n_buckets), np.uint64)
    here = place < _TRIED
    order, place, owner = order[here], place[here], owner[here]
    masks = np.concatenate([_masks(hashes, i) for i in range(rounds)])[order]
    rows[0, place, owner], rows[1, place, owner] = masks[:, 0], masks[:, 1] | _RIGHT
    return rows, levels


def _solution(rows: _Words, levels: _Ints) -> _Words:
    """Buckets that satisfy as many equations as can be, from the first on; ``rows`` are changed."""
    n_buckets = rows.shape[2]
    pivots = np.zeros_like(rows)
    fails = np.full(n_buckets, _TRIED)  # the first equation that contradicts earlier ones
    for i in range(_TRIED):
        first, second = rows[0, i], rows[1, i] & _UNKNOWN_SECOND
        nothing = (first | second) == 0
        fails = np.where(nothing & (rows[1, i] > 0), np.minimum(fails, i), fails)
        pivots[0, i] = first & (~first + _ONE)  # the lowest bit
        pivots[1, i] = (second & (~second + _ONE)) * (first == 0)
        later = rows[:, i + 1 :]
        has = ((later[0] & pivots[0, i]) | (later[1] & pivots[1, i])) != 0
        later ^= rows[:, i, None] * has
    bits = np.zeros((2, n_buckets), np.uint64)
    for i in reversed(range(_TRIED)):
        sums = np.bitwise_count(rows[0, i] & bits[0] ^ rows[1, i] & bits[1]) & 1
        bits ^= pivots[:, i] * (sums != rows[1, i] >> _RIGHT_AT)
    level = levels[fails, np.arange(n_buckets)] - 1
    bits[1] |= np.minimum(level, _MOST_LEVEL).astype(np.uint64) << _LEVEL_AT
    return bits.T
