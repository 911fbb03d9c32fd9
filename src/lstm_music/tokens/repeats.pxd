# Where the last tokens have come before, and what followed. For nogil use from the automaton.

from cython cimport final

cdef enum:
    N_REPEAT_STREAMS = 4


@final
cdef class Repeats:
    cdef int n
    cdef int last_pitch  # of a PITCH token; -1 none
    cdef int[2] follows  # the symbol that followed the longest match, as they are and moved; -1
    cdef int[2] lengths
    cdef int[:, ::1] _symbols
    cdef int[:, ::1] _links  # the place before this one that ends with equal hash; -1
    cdef int[:, ::1] _heads

    cdef void clear(self) noexcept nogil
    # Read a token; pitch is its own if it is a PITCH, else -1. Beyond the room nothing is found.
    cdef void push(self, int token, int pitch) noexcept nogil
    # 0; or -2 and unchanged without the room.
    cdef int copy_from(self, Repeats other)
    # Add the values of the streams.
    cdef void rows(self, int* out) noexcept nogil
    cdef void _find(self, int kind) noexcept nogil
