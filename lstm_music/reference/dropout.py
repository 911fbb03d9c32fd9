"""Dropout whose mask is a function of key, stream and place: no state, no order, no threads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.types import FloatArray

_WORD = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def philox(key: int, counters: npt.NDArray[np.uint64], stream: int) -> npt.NDArray[np.uint32]:
    """(n, 4) random words of Philox4x32-10 for the counters (counter, stream, 0).

    References
    ----------
    Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", section 3.3.

    Examples
    --------
    The first of the published test vectors, all counters and keys zero:

    >>> [hex(word) for word in philox(0, np.zeros(1, np.uint64), 0)[0]]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    x0, x1 = counters & _WORD, counters >> _HALF
    x2, x3 = np.full_like(counters, stream), np.zeros_like(counters)
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * x0, np.uint64(0xCD9E8D57) * x2
        x0, x1 = (p1 >> _HALF) ^ x1 ^ np.uint64(k0), p1 & _WORD
        x2, x3 = (p0 >> _HALF) ^ x3 ^ np.uint64(k1), p0 & _WORD
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([x0, x1, x2, x3], axis=1).astype(np.uint32)


def random_words(key: int, stream: int, n: int, first: int = 0) -> npt.NDArray[np.uint32]:
    """(n,) words from block ``first`` on; block i has word w of counter 16 i + c at 16 w + c."""
    blocks = -(-n // 64)
    counters = np.arange(16 * first, 16 * (first + blocks), dtype=np.uint64)
    words = philox(key, counters, stream)
    return words.reshape(blocks, 16, 4).transpose(0, 2, 1).reshape(-1)[:n]


def dropout(x: FloatArray, threshold: int, scale: float, key: int, stream: int) -> None:
    """Zero the elements of x (n,) whose word is below ``threshold``; scale the others. In place.

    Parameters
    ----------
    threshold : 0 <= threshold < 2**32 — 2**32 times the probability of zero.
    scale : factor of what is kept.
    key : 0 <= key < 2**64 — the same key gives the same mask: a gradient passes by the same call.
    stream : 0 <= stream < 2**32 — further masks under one key.

    References
    ----------
    Srivastava et al. (2014), JMLR 15; between layers only: Zaremba, Sutskever & Vinyals (2014).
    """
    keep = random_words(key, stream, x.size) >= threshold
    x *= np.where(keep, scale, 0).astype(x.dtype)
