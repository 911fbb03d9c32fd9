"""Draws a token from logits, without the GIL: what the generation loops call."""

from libc.stdint cimport int32_t, uint64_t

cdef struct Choice:
    double weight
    int32_t token


cdef class Sampler:
    cdef Choice* choices           # (V,)
    cdef object buffer             # what choices points to
    cdef Py_ssize_t V
    cdef double temperature, top_p, min_p
    cdef int top_k
    cdef uint64_t rng_seed, sequence

    cdef int draw(self, const unsigned char* allowed, const float* logits, uint64_t index) \
        noexcept nogil
