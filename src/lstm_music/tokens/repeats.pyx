"""Music repeats itself: where the last tokens have come before, and what followed there.

The longest earlier match of the last tokens is looked for twice: token by token, and with each
pitch taken as the interval from the pitch before it, so that a sequence on another step of the
scale is found, too. The network is told which token followed, and how long the match was. It is
the idea of a cache model (Grave, Joulin and Usunier, "Improving neural language models with a
continuous cache", 2017, section 3) with exact matches.
"""

import numpy as np

from cython cimport final
from libc.string cimport memcpy, memset

from lstm_music.tokens.vocabulary import DEFAULT

cdef enum:
    N_LENGTHS = 10

cdef int _FIRST_PITCH = DEFAULT["pitch"].start
cdef int[MOST + 1] _LENGTH_ROWS


def _fill_lengths():
    if dict(DEFAULT.streams)["match_length"] != N_LENGTHS:
        raise ImportError("repeats.pyx and vocabulary.py disagree; build the package again")
    bounds = (3, 4, 5, 7, 10, 15, 21, 28, 36)
    for length in range(MOST + 1):
        _LENGTH_ROWS[length] = sum(length >= bound for bound in bounds)


_fill_lengths()


cdef void say(int follows, int length, int last_pitch, int* out) noexcept nogil:
    cdef int pitch
    if follows < 0:
        return
    if follows >= INTERVALS:
        pitch = last_pitch + follows - INTERVALS - 128
        if not 0 <= pitch < 128:
            return
        follows = _FIRST_PITCH + pitch
    out[0] += 1 + follows
    out[1] += _LENGTH_ROWS[length]


@final
cdef class Repeats:
    """Finds the longest earlier match of the last tokens.

    Parameters
    ----------
    capacity : tokens that there is room for; later ones are not remembered.
    """

    def __cinit__(self, long capacity):
        self._symbols = np.empty((2, capacity), np.intc)
        self._links = np.empty((2, capacity), np.intc)
        self._heads = np.empty((2, N_HEADS), np.intc)
        self.clear()

    cdef void clear(self) noexcept nogil:
        self.n = 0
        self.last_pitch = -1
        self.follows[0] = self.follows[1] = -1
        self.lengths[0] = self.lengths[1] = 0
        memset(&self._heads[0, 0], 0xFF, 2 * N_HEADS * sizeof(int))

    cdef int copy_from(self, Repeats other):
        cdef int kind
        if other.n > self._symbols.shape[1]:
            return -2
        self.n, self.last_pitch = other.n, other.last_pitch
        self.follows, self.lengths = other.follows, other.lengths
        for kind in range(2):
            memcpy(&self._symbols[kind, 0], &other._symbols[kind, 0], other.n * sizeof(int))
            memcpy(&self._links[kind, 0], &other._links[kind, 0], other.n * sizeof(int))
        memcpy(&self._heads[0, 0], &other._heads[0, 0], 2 * N_HEADS * sizeof(int))
        return 0

    cdef void push(self, int token, int pitch) noexcept nogil:
        cdef int moved = token
        if self.n >= self._symbols.shape[1]:
            self.follows[0] = self.follows[1] = -1
            return
        if pitch >= 0:
            if self.last_pitch >= 0:
                moved = INTERVALS + 128 + pitch - self.last_pitch
            self.last_pitch = pitch
        self._symbols[0, self.n] = token
        self._symbols[1, self.n] = moved
        self.n += 1
        self._find(0)
        self._find(1)

    cdef void _find(self, int kind) noexcept nogil:
        """Link the last place with the one before it, and look back along the links."""
        cdef const int* symbols = &self._symbols[kind, 0]
        cdef int* links = &self._links[kind, 0]
        cdef int last = self.n - 1, place, length, _tried, longest = 0
        cdef unsigned int head
        self.follows[kind] = -1
        self.lengths[kind] = 0
        if self.n < LEAST:
            return
        head = mixed(&symbols[last])
        links[last] = self._heads[kind, head]
        self._heads[kind, head] = last
        place = links[last]
        for _tried in range(CANDIDATES):
            if place < 0:
                break
            length = common_suffix(&symbols[place], place, &symbols[last], last)
            if length > longest and length >= LEAST:
                longest = length
                self.follows[kind] = symbols[place + 1]
            place = links[place]
        self.lengths[kind] = longest

    cdef void rows(self, int* out) noexcept nogil:
        cdef int kind
        for kind in range(2):
            say(self.follows[kind], self.lengths[kind], self.last_pitch, out + 2 * kind)
