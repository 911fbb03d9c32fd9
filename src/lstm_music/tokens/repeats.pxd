# Where the last tokens have come before, and what followed. For nogil use from the automaton.

from cython cimport final

cdef enum:
    N_REPEAT_STREAMS = 4
    LEAST = 3  # tokens of a match
    MOST = 36
    CANDIDATES = 16  # the latest ones are looked at
    N_HEADS = 4096
    INTERVALS = 4096  # symbols of intervals begin here, with that of -128

# Where to look for the three symbols that end at a place.
cdef inline unsigned int mixed(const int* last) noexcept nogil:
    return (
        <unsigned int>last[0] * 0x9E3779B1u
        ^ <unsigned int>(last - 1)[0] * 0x85EBCA77u
        ^ <unsigned int>(last - 2)[0] * 0xC2B2AE3Du
    ) >> 20

# How many symbols up to two places are equal, MOST at most; so many lie before each.
cdef inline int common_suffix(
    const int* one, int before_one, const int* other, int before_other
) noexcept nogil:
    cdef int length = 0, most = min(min(before_one, before_other) + 1, MOST)
    while length < most and (one - length)[0] == (other - length)[0]:
        length += 1
    return length

# Add the values of the two streams of a match: the token that followed, and its length.
cdef void say(int follows, int length, int last_pitch, int* out) noexcept nogil


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
