"""The newest tokens of a sequence: what must not be repeated too often is looked up here."""

from libc.stdint cimport int32_t

cdef class History:
    cdef object buffer             # what newest points to
    cdef int32_t* newest           # the n newest, oldest first; two lengths of room
    cdef Py_ssize_t n

    cdef void append(self, int32_t token) noexcept nogil
    cdef void copy_from(self, History other) noexcept nogil
    cdef void mark_repeats(self, int length, unsigned char* repeated) noexcept nogil
    cdef void count_newest(
        self, const unsigned char* group_of, int group, int most, int32_t* counts) noexcept nogil
