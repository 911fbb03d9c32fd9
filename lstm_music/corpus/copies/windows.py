"""Sets of windows of notes, kept as hashes: small on disk, quick to ask, never one forgotten.

A window is a stretch of n notes in a line (`lstm_music.music.lines`), told by its n - 1 steps.
A set answers "known" for every window it was made of, and by chance for one in 2**bits others.

On disk a set is a Golomb code (Putze, Sanders and Singler, "Cache-, hash- and space-efficient
Bloom filters", 2007): the hashes are spread evenly over windows * 2**bits places and sorted, and
each gap to the next is written as its low ``bits`` bits and, in unary, the rest. That takes about
bits + 1.5 bits a window; a Bloom filter of the same errors takes 1.44 * bits, an XOR filter
1.23 * bits (so at 8 bits it is a little larger, at 4 a little smaller).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ModelFileError
from lstm_music.music.lines import LINE_END

_Ints = npt.NDArray[np.int64]
_Hashes = npt.NDArray[np.uint64]

MOST_NOTES = 64
MOST_BITS = 16
MOST_WINDOWS = 1 << 32

_ODD = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True, eq=False, slots=True)
class WindowSet:
    """A set of windows.

    Parameters
    ----------
    n_notes : length of a window, 2 to 64.
    bits : one in 2**bits windows that are not in the set passes for known; 1 to 16.
    windows : how many different ones it was made of.
    codes : uint64, their places among windows * 2**bits, in order, each once.
    """

    n_notes: int
    bits: int
    windows: int
    codes: _Hashes

    @classmethod
    def of(cls, hashes: Iterable[_Hashes], n_notes: int, bits: int) -> WindowSet:
        """The set of all windows whose hashes are given; see `window_hashes`."""
        distinct = np.unique(np.concatenate([np.empty(0, np.uint64), *hashes]))
        codes = np.unique(_codes(distinct, len(distinct), bits))
        return cls(n_notes, bits, len(distinct), codes)

    def known(self, steps: _Ints) -> npt.NDArray[np.bool_]:
        """Where in lines known windows begin.

        Parameters
        ----------
        steps : (n,) as `lines_of` gives them.

        Returns
        -------
        known : (n,) bool; False where no whole window begins.
        """
        begins, hashes = window_hashes(steps, self.n_notes)
        known = np.zeros(len(steps), bool)
        if len(self.codes):
            codes = _codes(hashes, self.windows, self.bits)
            at = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
            known[begins] = self.codes[at] == codes
        return known

    def facts(self) -> dict[str, int]:
        """What `from_bytes` needs beside the bytes."""
        facts = {"n_notes": self.n_notes, "bits": self.bits, "windows": self.windows}
        return facts | {"n_codes": len(self.codes)}

    def to_bytes(self) -> bytes:
        """The codes alone: low bits of all gaps, then the unary parts, each filled to a byte."""
        gaps = np.diff(self.codes, prepend=np.uint64(0))
        places = np.arange(self.bits - 1, -1, -1, dtype=np.uint64)
        low = (gaps[:, None] >> places & np.uint64(1)).astype(np.uint8)
        ones = np.cumsum((gaps >> np.uint64(self.bits)) + np.uint64(1)).astype(np.int64) - 1
        unary = np.zeros(int(ones[-1]) + 1 if len(ones) else 0, np.uint8)
        unary[ones] = 1
        return np.packbits(low).tobytes() + np.packbits(unary).tobytes()

    @classmethod
    def from_bytes(
        cls, data: bytes, *, n_notes: int, bits: int, windows: int, n_codes: int
    ) -> WindowSet:
        """The set that `to_bytes` wrote.

        Raises
        ------
        ModelFileError : a number is out of range, or the bytes are no set of so many codes.
        """
        fits = 2 <= n_notes <= MOST_NOTES and 1 <= bits <= MOST_BITS
        if not (fits and 0 <= n_codes <= windows < MOST_WINDOWS):
            raise ModelFileError(
                f"no set of {n_codes} of {windows} windows of {n_notes} notes at {bits} bits"
            )
        n_low = -(-n_codes * bits // 8)
        n_ones = 8 * (len(data) - n_low)  # at most; the unary part has a one for every code
        if n_ones < n_codes:
            raise ModelFileError(f"{len(data)} bytes are too few for {n_codes} codes")
        packed = np.frombuffer(data, np.uint8)
        ones = np.flatnonzero(np.unpackbits(packed[n_low:]))
        if len(ones) != n_codes:
            raise ModelFileError(f"expected {n_codes} codes, got {len(ones)}")
        gaps = np.diff(ones, prepend=-1).astype(np.uint64) - np.uint64(1)
        for column in np.unpackbits(packed[:n_low], count=n_codes * bits).reshape(-1, bits).T:
            gaps = gaps << np.uint64(1) | column
        codes = np.cumsum(gaps, dtype=np.uint64)
        # All quotients together are below 8 * len(data): nothing wraps around with 16 bits more.
        if n_codes and (not gaps[1:].all() or int(codes[-1]) >= windows << bits):
            raise ModelFileError("a code stands twice, or beyond the last place")
        return cls(n_notes, bits, windows, codes)


def window_hashes(steps: _Ints, n_notes: int) -> tuple[_Ints, _Hashes]:
    """Where whole windows begin in lines, and the hash of each.

    Parameters
    ----------
    steps : (n,) as `lines_of` gives them.
    n_notes : length of a window, 2 or more.

    Returns
    -------
    begins : (w,) int64, in order.
    hashes : (w,) uint64, the same on every machine.
    """
    width = n_notes - 1
    count = max(len(steps) - width + 1, 0)
    ends_before = np.concatenate([[0], np.cumsum(steps == LINE_END)])
    begins = np.flatnonzero(ends_before[width:] == ends_before[:count])
    mixed = mix(steps.astype(np.uint64))
    hashes = np.zeros(len(begins), np.uint64)
    for i in range(width):  # all arithmetic is modulo 2**64
        hashes = hashes * _ODD + mixed[begins + i]
    return begins, mix(hashes)


def mix(values: _Hashes) -> _Hashes:
    """SplitMix64: every bit of a value decides about half of the bits that come out."""
    values = values + _ODD
    values = (values ^ values >> np.uint64(30)) * _FIRST
    values = (values ^ values >> np.uint64(27)) * _SECOND
    return values ^ values >> np.uint64(31)


def _codes(hashes: _Hashes, windows: int, bits: int) -> _Hashes:
    """Each hash's place among windows * 2**bits: its upper half scaled, its lowest bits behind."""
    bucket = (hashes >> np.uint64(32)) * np.uint64(windows) >> np.uint64(32)
    return bucket << np.uint64(bits) | hashes & np.uint64((1 << bits) - 1)
