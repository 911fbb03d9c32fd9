"""What a model was trained on, as fingerprints: a copy is found without the music itself.

`Fingerprints` hold hashes of all windows of 8 notes of the known music, and of all of 12: as lists
(`lstm_music.corpus.copies.windows`) or, where these would take more than two megabytes, as filters
that fit (`lstm_music.corpus.copies.window_filter`). Either way a known window is never forgotten. A
run of m notes that stands in known music has all its windows in these sets. So the longest stretch
whose windows are all known is never shorter than the longest run; it is longer where music goes on
from a known window to one of another piece (which the windows of 12 nearly always tell), or where a
hash agrees by chance. Runs of fewer than 8 notes are not told. The file says, too, how long such
runs are in the pieces that training held out.

::

    8 bytes   "LMKNOWN" and the version: "1" for lists, "2" for filters
    32 bytes  SHA-256 of all that follows
    4 bytes   length of the header, little-endian
    header    JSON: pieces; held_out: {style: [[notes of the longest run, pieces], ...]};
              sets: [{n_notes, windows, n_bytes}, ...], shortest windows first; of lists bits and
              n_codes, too
    data      the sets, one behind the other
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.cache import TokenCache
from lstm_music.corpus.copies.window_filter import WindowFilter
from lstm_music.corpus.copies.windows import WindowSet, window_hashes
from lstm_music.corpus.split import SPLITS
from lstm_music.errors import ConfigError, ModelFileError
from lstm_music.music.lines import added_part, lines_of
from lstm_music.music.piece import Piece
from lstm_music.tokens.decode import decode

SETS = ((8, 8), (12, 4))
"""(notes, bits) of the lists of windows, shortest first: docs/novelty.md has what was measured."""

FILTERS = ((8, 40), (12, 60))
"""(notes, percent of the bytes) of the filters that take their place in a large corpus."""

MOST_BYTES = 2_000_000
"""Of a file, whatever the corpus."""

_MAGIC = b"LMKNOWN"
_LISTS, _FILTERS = b"1", b"2"  # versions
_HEADER_BYTES = 20_000  # left for the header: a hundred styles fit, ten take 3,000
_DIGEST_AT, _LENGTH_AT, _HEADER_AT = 8, 40, 44
_PIECES_AT_ONCE = 4096
_LEAST_ROOM = 400  # some buckets for each filter
_NUMBERS = {
    _LISTS: ("n_notes", "bits", "windows", "n_codes", "n_bytes"),
    _FILTERS: ("n_notes", "windows", "n_bytes"),
}
_DAMAGE = (ModelFileError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class KnownRun:
    """The longest stretch of a piece that may stand in known music.

    Parameters
    ----------
    n_notes : its length, no shorter than that of the longest run; 0 when no window is known.
    onset_steps : where its first note begins in the piece.
    length_steps : from the onset of its first note to that of its last.
    """

    n_notes: int = 0
    onset_steps: int = 0
    length_steps: int = 0


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """Known music as sets of windows; see the module's docstring.

    Parameters
    ----------
    sets : shortest windows first.
    pieces : how many pieces are known.
    held_out : of each style ("" for none) how many held-out pieces have a longest run of so many
        notes.

    Examples
    --------
    >>> from lstm_music.midi.files import read
    >>> known = Fingerprints.of([read("midi_data/reel.mid")])
    >>> known.longest_run(read("midi_data/reel.mid")).n_notes
    123
    """

    sets: tuple[WindowSet, ...] | tuple[WindowFilter, ...]
    pieces: int
    held_out: Mapping[str, Mapping[int, int]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        pieces: Iterable[Piece],
        sets: Sequence[tuple[int, int]] = SETS,
        filters: Sequence[tuple[int, int]] = FILTERS,
        *,
        most_bytes: int = MOST_BYTES,
    ) -> Fingerprints:
        """Fingerprints of pieces, which are read once and not kept.

        Parameters
        ----------
        pieces : the known music.
        sets : (notes of a window, bits), shortest first; see `WindowSet`.
        filters : (notes of a window, percent of the bytes), shortest first; see `WindowFilter`.
            They take the place of ``sets`` that are too large.
        most_bytes : of the file; 20,400 or more.

        Raises
        ------
        ConfigError : ``most_bytes`` is less.
        """
        room = most_bytes - _HEADER_BYTES
        if room < _LEAST_ROOM:
            least = _HEADER_BYTES + _LEAST_ROOM
            raise ConfigError(f"most_bytes must be {least} or more, got {most_bytes}")
        n_notes = sorted({n for n, _ in (*sets, *filters)})
        hashes: dict[int, list[npt.NDArray[np.uint64]]] = {n: [] for n in n_notes}
        remaining, count = iter(pieces), 0
        while some := list(islice(remaining, _PIECES_AT_ONCE)):
            count += len(some)
            _, steps, _ = lines_of(some)
            for n, kept in hashes.items():
                kept.append(np.unique(window_hashes(steps, n)[1]))
        lists = tuple(WindowSet.of(hashes[n], n, bits) for n, bits in sets)
        if sum(len(windows.to_bytes()) for windows in lists) <= room:
            return cls(lists, count)
        shares = ((n, room * percent // 100) for n, percent in filters)
        return cls(tuple(WindowFilter.of(hashes[n], n, share) for n, share in shares), count)

    @property
    def least_notes(self) -> int:
        """Shorter runs are not told."""
        return self.sets[0].n_notes

    def longest_run(self, piece: Piece) -> KnownRun:
        """The longest known stretch of ``piece``; of equals the first."""
        return self.longest_runs([piece])[0]

    def longest_runs(self, pieces: Sequence[Piece]) -> list[KnownRun]:
        """`longest_run` of each piece; together they take less time."""
        onsets, steps, ends = lines_of(pieces)
        lengths, places = np.zeros((2, len(pieces)), np.int64)
        below, known = 0, np.ones(len(steps), bool)
        for windows in self.sets:
            within, known = known, windows.known(steps)
            for i in range(windows.n_notes - below + 1 if below else 0):
                known[: max(len(known) - i, 0)] &= within[i:]
            found, at = _longest_stretches(known, ends)
            # With no window of this length known, a longer stretch is no run.
            capped = np.minimum(lengths, windows.n_notes - 1)
            lengths = np.where(found > 0, found + windows.n_notes - 1, capped)
            places = np.where(found > 0, at, places)
            below = windows.n_notes
        runs = []
        for n_notes, at in zip(lengths.tolist(), places.tolist(), strict=True):
            if not n_notes:
                runs.append(KnownRun())
                continue
            first, last = int(onsets[at]), int(onsets[at + n_notes - 1])
            runs.append(KnownRun(n_notes, first, last - first))
        return runs

    def to_bytes(self) -> bytes:
        """The content of a file; the same fingerprints, the same bytes."""
        sets: Sequence[WindowSet | WindowFilter] = self.sets
        data = [windows.to_bytes() for windows in sets]
        header = {
            "pieces": self.pieces,
            "held_out": {style: sorted(runs.items()) for style, runs in self.held_out.items()},
            "sets": [
                windows.facts() | {"n_bytes": len(part)}
                for windows, part in zip(sets, data, strict=True)
            ],
        }
        text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode("ascii")
        body = b"".join([len(text).to_bytes(4, "little"), text, *data])
        version = _LISTS if isinstance(self.sets[0], WindowSet) else _FILTERS
        return _MAGIC + version + hashlib.sha256(body).digest() + body

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "fingerprints") -> Fingerprints:
        """The fingerprints that `to_bytes` wrote.

        Parameters
        ----------
        data : content of the file.
        name : of the file, for errors.

        Raises
        ------
        ModelFileError : no such file, of another version, or damaged.
        """
        again = "make it again with `lstm-music corpus fingerprints`"
        if data[:7] != _MAGIC:
            raise ModelFileError(f"{name}: no fingerprints of known music; {again}")
        if data[7:8] not in _NUMBERS:
            raise ModelFileError(
                f"{name}: expected fingerprints of version 1 or 2, got {data[7:8]!r}; {again}"
            )
        if hashlib.sha256(data[_LENGTH_AT:]).digest() != data[_DIGEST_AT:_LENGTH_AT]:
            raise ModelFileError(f"{name}: damaged, its SHA-256 is another one; {again}")
        try:
            return cls._parsed(data)
        except _DAMAGE as error:
            raise ModelFileError(f"{name}: damaged ({error}); {again}") from None

    @classmethod
    def _parsed(cls, data: bytes) -> Fingerprints:
        end = _HEADER_AT + int.from_bytes(data[_LENGTH_AT:_HEADER_AT], "little")
        header = json.loads(data[_HEADER_AT:end].decode("ascii"))
        version, sets = data[7:8], list[Any]()
        kind: type[Any] = WindowSet if version == _LISTS else WindowFilter
        for facts in header["sets"]:
            numbers = {name: _count(facts[name]) for name in _NUMBERS[version]}
            part = data[end : end + numbers.pop("n_bytes")]
            sets.append(kind.from_bytes(part, **numbers))
            end += len(part)
        if not sets or end != len(data):
            raise ValueError(f"expected {end} bytes in {len(sets)} sets, got {len(data)}")
        if any(one.n_notes >= other.n_notes for one, other in pairwise(sets)):
            raise ValueError("the sets are not in order of their windows")
        held_out = {
            str(style): {_count(notes): _count(pieces) for notes, pieces in runs}
            for style, runs in header["held_out"].items()
        }
        return cls(tuple(sets), _count(header["pieces"]), held_out)


def corpus_fingerprints(cache: TokenCache, *, most_bytes: int = MOST_BYTES) -> Fingerprints:
    """Fingerprints of the training side, and the longest runs of the pieces on the other two.

    Pieces of which the last bars alone are held out tell nothing of what is usual: they begin with
    the very music that is known.

    Parameters
    ----------
    cache : the corpus.
    most_bytes : as of `Fingerprints.of`.

    Raises
    ------
    ConfigError : no piece on the training side.
    """
    training = cache.indices("train")
    if not len(training):
        raise ConfigError(f"0 training pieces, {len(cache)} held out: give more known music")
    pieces = (decode(cache.piece_tokens(int(i))) for i in training)
    known = Fingerprints.of(pieces, most_bytes=most_bytes)
    others = np.flatnonzero(cache.sides != SPLITS.index("train")).tolist()
    held_out = [i for i in others if not cache.heard_tokens(i)]
    counts: dict[str, Counter[int]] = {}
    for start in range(0, len(held_out), _PIECES_AT_ONCE):
        some = held_out[start : start + _PIECES_AT_ONCE]
        runs = known.longest_runs([decode(cache.piece_tokens(i)) for i in some])
        for i, run in zip(some, runs, strict=True):
            counts.setdefault(cache.styles[i], Counter())[run.n_notes] += 1
    return replace(known, held_out={style: dict(n) for style, n in sorted(counts.items())})


def copied_notes(piece: Piece, known: Fingerprints) -> int:
    """Notes of the longest known stretch in what is new of a piece; 0 if it is too short to tell.

    Parameters
    ----------
    piece : what was composed. Of one that we added to somebody else's music
        (`Piece.added_places`) only what we added is looked for.
    known : what it must not copy.
    """
    return known.longest_run(added_part(piece)).n_notes


def _longest_stretches(
    known: npt.NDArray[np.bool_], ends: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Of each piece the most known windows in a row, and where they begin: the first of equals."""
    changes = np.diff(np.concatenate([[False], known, [False]]).astype(np.int8))
    firsts = np.flatnonzero(changes == 1)
    lengths = np.flatnonzero(changes == -1) - firsts
    owner = np.searchsorted(ends, firsts, side="right")
    longest, at = np.zeros((2, len(ends)), np.int64)
    np.maximum.at(longest, owner, lengths)
    best = np.flatnonzero(lengths == longest[owner])[::-1]  # of equal owners the first is last
    at[owner[best]] = firsts[best]
    return longest, at


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"expected a count, got {value!r}")
    return value
