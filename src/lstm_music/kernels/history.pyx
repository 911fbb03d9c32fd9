"""The newest tokens of a sequence: what must not be repeated too often is looked up here."""

from libc.stdint cimport int32_t
from libc.string cimport memcpy

import numpy as np

MOST_REMEMBERED = 4096

cdef enum:
    MOST = 4096


cdef class History:
    """The newest ``MOST_REMEMBERED`` tokens; older ones are forgotten. One thread at a time."""

    def __init__(self):
        cdef int32_t[::1] room
        self.buffer = np.zeros(2 * MOST, np.int32)
        room = self.buffer
        self.newest = &room[0]

    @property
    def tokens(self):
        """(n,) int32: the tokens remembered, the oldest first; a copy."""
        return self.buffer[max(0, self.n - MOST) : self.n].copy()

    def reset(self):
        """Forget all."""
        self.n = 0

    cdef void append(self, int32_t token) noexcept nogil:
        """Remember one more. Tokens stand in a row, so the newer half moves now and then."""
        if self.n == 2 * MOST:
            memcpy(self.newest, self.newest + MOST, MOST * sizeof(int32_t))
            self.n = MOST
        self.newest[self.n] = token
        self.n += 1

    cdef void copy_from(self, History other) noexcept nogil:
        """Remember what ``other`` remembers, and nothing else."""
        cdef Py_ssize_t first = max(0, other.n - MOST)
        if other is self:
            return
        self.n = other.n - first
        memcpy(self.newest, other.newest + first, self.n * sizeof(int32_t))

    cdef void mark_repeats(self, int length, unsigned char* repeated) noexcept nogil:
        """Set ``repeated[token]`` to 1 if it would complete ``length`` tokens that came before."""
        cdef Py_ssize_t at, end = self.n - length + 1
        cdef const int32_t* tail = self.newest + end  # the length - 1 newest
        cdef int same
        for at in range(max(0, self.n - MOST), end):
            same = length - 1
            while same > 0 and self.newest[at + same - 1] == tail[same - 1]:
                same -= 1
            if same == 0:
                repeated[self.newest[at + length - 1]] = 1

    cdef void count_newest(
        self, const unsigned char* group_of, int group, int most, int32_t* counts
    ) noexcept nogil:
        """Add to ``counts`` (V,) how often each token is among the ``most`` newest of a group."""
        cdef Py_ssize_t at = self.n - 1, first = max(0, self.n - MOST)
        while at >= first and most > 0:
            if group_of[self.newest[at]] == group:
                counts[self.newest[at]] += 1
                most -= 1
            at -= 1
