# The given music as a row of tokens, searched for the last tokens. For nogil use.

from cython cimport final

from lstm_music.tokens.repeats cimport Repeats


@final
cdef class GivenText:
    cdef const int[:, ::1] _symbols  # as they are, and with intervals for pitches
    cdef const int[:, ::1] _links  # the place before this one that ends with equal hash; -1
    cdef const int[:, ::1] _heads
    cdef const int[::1] _starts  # where the tokens of each given note begin; at last, the end
    cdef readonly object tokens

    # Add the values of its streams: what follows the longest match with the last tokens among the
    # notes from `next_given` on.
    cdef void rows(self, Repeats recent, int next_given, int* out) noexcept nogil
