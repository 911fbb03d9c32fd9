"""Near duplicates: the same music transposed, in another tempo, edited a little, or cut short.

A piece is described by the set of its shingles: runs of intervals of its top line, which neither
transposition nor tempo changes; for drums alone, runs of what is struck together. Of the set only
a sketch is kept, the minimum of each of `SKETCH_SIZE` hash functions over it; the share of equal
minima estimates the share of common shingles (Broder, "On the resemblance and containment of
documents", 1997). Pieces that agree in a band of the sketch are compared (Leskovec, Rajaraman and
Ullman, Mining of Massive Datasets, 2014, section 3.4), each with the first of its bucket and with
its neighbour: never all with all, so the time is linear.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import Piece

BAND_ROWS = 3
BANDS = 42
SKETCH_SIZE = BAND_ROWS * BANDS

INTERVALS = 4
"""Intervals of the top line in a shingle."""

STROKES = 6
"""Onsets of drums in a shingle."""

MIN_SHINGLES = 8
"""A piece with fewer is compared as a whole only."""

MIN_ITEMS = 8
"""A piece of fewer intervals, or strokes, is not compared at all."""

MIN_RESEMBLANCE = 0.25
MIN_CONTAINMENT = 0.55
"""Two pieces are near duplicates if they share this much of both, and of the smaller one."""

_CHORD_STEPS = 2
"""Onsets no farther apart than this are one; 32nds are 3 apart."""

_Hashes = npt.NDArray[np.uint64]

# Odd multipliers and offsets of the hash functions (a x + b) >> 32: part of every cache.
_RNG = np.random.Generator(np.random.PCG64(20_090_521))
_A = _RNG.integers(0, 1 << 63, SKETCH_SIZE, dtype=np.uint64) << np.uint64(1) | np.uint64(1)
_B = _RNG.integers(0, 1 << 63, SKETCH_SIZE, dtype=np.uint64)
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Outline:
    """What is left of a piece when transposition and tempo are taken away.

    Parameters
    ----------
    shingles : distinct 64-bit hashes of its shingles, sorted.
    whole : hash of all of it in order; 0 where it is too short to tell pieces apart.
    """

    shingles: _Hashes
    whole: int


def outline(piece: Piece) -> Outline:
    """The intervals of the top line; of drums alone, what is struck together."""
    if not len(piece.notes):
        return Outline(np.empty(0, np.uint64), 0)
    drums = np.array([track.is_drum for track in piece.tracks], bool)[piece.notes["track"]]
    if drums.all():
        items, length = _strokes(piece.notes), STROKES
    else:
        items, length = np.diff(_top_line(piece.notes[~drums])).astype(np.uint64), INTERVALS
    whole = hashlib.blake2b(items.astype("<u8").tobytes(), digest_size=8).digest()
    is_long = len(items) >= MIN_ITEMS
    return Outline(_runs(items, length), int.from_bytes(whole, "little") if is_long else 0)


def sketch(hashes: _Hashes) -> npt.NDArray[np.uint16]:
    """Sketch of a set of shingles, (SKETCH_SIZE,) uint16; all 65535 for an empty set."""
    least = np.full(SKETCH_SIZE, np.iinfo(np.uint64).max, np.uint64)
    for start in range(0, len(hashes), _BLOCK):
        hashed = hashes[start : start + _BLOCK, None] * _A + _B  # modulo 2**64
        np.minimum(least, hashed.min(axis=0), out=least)
    # The upper half is the better hash; of the minimum, the lower bits still tell sets apart.
    return (least >> np.uint64(32)).astype(np.uint16)


def near_duplicates(
    sketches: npt.NDArray[np.uint16],
    n_shingles: npt.NDArray[np.integer],
    wholes: npt.NDArray[np.uint64],
) -> npt.NDArray[np.int64]:
    """Which pieces are copies of each other, directly or through others.

    Parameters
    ----------
    sketches : (P, SKETCH_SIZE) uint16, may be mapped from a file.
    n_shingles : (P,) size of each piece's set.
    wholes : (P,) of each piece's `Outline`.

    Returns
    -------
    groups : (P,) number of the first piece of each piece's group; its own if it stands alone.
    """
    groups = Groups(len(sketches))
    told = np.flatnonzero(wholes)
    groups.join_equal(wholes[told], told)
    long_enough = np.flatnonzero(n_shingles >= MIN_SHINGLES)
    for band in range(BANDS):
        first = BAND_ROWS * band
        columns = sketches[long_enough, first : first + BAND_ROWS].astype(np.uint64)
        keys = columns[:, 0] << np.uint64(32) | columns[:, 1] << np.uint64(16) | columns[:, 2]
        for one, other in _bucket_pairs(keys):
            _join_if_alike(groups, sketches, n_shingles, long_enough[one], long_enough[other])
    return groups.firsts()


def _bucket_pairs(keys: _Hashes) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Each place with the first of equal key, and with the one before it of equal key."""
    order = np.argsort(keys, kind="stable")
    in_order = keys[order]
    new = np.ones(len(keys), bool)
    new[1:] = in_order[1:] != in_order[:-1]
    firsts = np.maximum.accumulate(np.where(new, np.arange(len(keys)), 0))
    again = np.flatnonzero(~new)
    return [(order[firsts[again]], order[again]), (order[again - 1], order[again])]


def _join_if_alike(
    groups: Groups,
    sketches: npt.NDArray[np.uint16],
    n_shingles: npt.NDArray[np.integer],
    one: npt.NDArray[np.int64],
    other: npt.NDArray[np.int64],
) -> None:
    for start in range(0, len(one), _BLOCK):
        a, b = one[start : start + _BLOCK], other[start : start + _BLOCK]
        apart = groups.roots(a) != groups.roots(b)
        a, b = a[apart], b[apart]
        if not len(a):
            continue
        same = (sketches[a] == sketches[b]).mean(axis=1)
        alike = are_near(same, n_shingles[a], n_shingles[b])
        groups.join(a[alike], b[alike])


def are_near(
    resemblance: npt.NDArray[np.float64],
    n_one: npt.NDArray[np.integer],
    n_other: npt.NDArray[np.integer],
) -> npt.NDArray[np.bool_]:
    """Whether two sets of these sizes and this resemblance (common / all) are near duplicates."""
    common = resemblance * (n_one.astype(np.float64) + n_other) / (1.0 + resemblance)
    containment = common / np.maximum(np.minimum(n_one, n_other), 1)
    near = (resemblance >= MIN_RESEMBLANCE) & (containment >= MIN_CONTAINMENT)
    return np.asarray(near)


class Groups:
    """Disjoint sets of the numbers 0..n-1."""

    def __init__(self, n: int) -> None:
        self._parent = np.arange(n)

    def roots(self, members: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The least number of each member's set."""
        roots = self._parent[members]
        while (deeper := self._parent[roots]).tobytes() != roots.tobytes():
            roots = deeper
        self._parent[members] = roots
        return roots

    def join(self, one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> None:
        """Make one set of the sets of ``one[i]`` and ``other[i]``, for every i."""
        for a, b in zip(one.tolist(), other.tolist(), strict=True):
            roots = self._root(a), self._root(b)
            self._parent[max(roots)] = min(roots)

    def join_equal(self, keys: npt.NDArray[np.uint64], members: npt.NDArray[np.int64]) -> None:
        """Make one set of all ``members`` that have the same key."""
        one, other = _bucket_pairs(keys)[0]
        apart = self.roots(members[one]) != self.roots(members[other])
        self.join(members[one][apart], members[other][apart])

    def firsts(self) -> npt.NDArray[np.int64]:
        """The least number of each set, for all 0..n-1."""
        return self.roots(np.arange(len(self._parent)))

    def _root(self, member: int) -> int:
        parent = self._parent
        while (above := int(parent[member])) != member:
            parent[member] = parent[above]
            member = int(parent[member])
        return member


def _runs(items: _Hashes, length: int) -> _Hashes:
    """Distinct hashes of every run of ``length`` items."""
    n = len(items) - length + 1
    hashed = np.zeros(max(n, 0), np.uint64)
    for i in range(length):
        hashed = _mixed(hashed * np.uint64(0x100000001B3) + items[i : i + len(hashed)])
    return np.unique(hashed)


def _mixed(x: _Hashes) -> _Hashes:
    """The finaliser of splitmix64: every bit of the result hangs on every bit of ``x``."""
    x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return x ^ x >> np.uint64(31)


def _onset_groups(onsets: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Where in sorted onsets a new group begins: farther than a chord from the group's first."""
    distinct, first = np.unique(onsets, return_index=True)
    starts, last = [], -1 - _CHORD_STEPS
    for onset, place in zip(distinct.tolist(), first.tolist(), strict=True):
        if onset - last > _CHORD_STEPS:
            starts.append(place)
            last = onset
    return np.array(starts, np.int64)


def _top_line(notes: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """Highest pitch of each group of onsets."""
    pitches = notes["pitch_midi"].astype(np.int64)
    return np.asarray(np.maximum.reduceat(pitches, _onset_groups(notes["onset_steps"])))


def _strokes(notes: npt.NDArray[np.void]) -> _Hashes:
    """What each group of onsets strikes."""
    keys = _mixed(notes["pitch_midi"].astype(np.uint64) + np.uint64(1))
    bits = np.uint64(1) << keys % np.uint64(64)
    struck = np.bitwise_or.reduceat(bits, _onset_groups(notes["onset_steps"]))
    return np.asarray(struck)
