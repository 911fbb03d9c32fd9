"""Draws a token from logits, without the GIL: what the generation loops call."""

from libc.stdint cimport int32_t, uint64_t

from lstm_music.kernels.choices cimport Choice
from lstm_music.kernels.history cimport History

cdef enum:
    N_GROUPS = 3


cdef class Sampler:
    cdef readonly History history
    cdef readonly double last_log_prob
    cdef Choice* choices           # (V,)
    cdef Choice* room              # (V,) for a filter
    cdef unsigned char* group_of   # (V,) below N_GROUPS
    cdef unsigned char* open       # (V,) 1: may be drawn, repetition considered
    cdef int32_t* counts           # (V,) how often of late
    cdef object buffers            # what these point to
    cdef Py_ssize_t V
    cdef double temperature, top_p, min_p, typical_p, surprise, log_penalty
    cdef double temperatures[N_GROUPS]
    cdef int top_k, repetition_window, no_repeat_ngram
    cdef bint has_rules            # some token is treated by its group
    cdef uint64_t rng_seed, sequence

    cdef int draw(self, const unsigned char* allowed, const float* logits, uint64_t index) \
        noexcept nogil
    cdef void advance(self, int token) noexcept nogil
    cdef int _weigh(
        self, const unsigned char* allowed, const float* logits, double top, double* mass,
        double* total) noexcept nogil
    cdef int _weigh_by_group(
        self, const unsigned char* allowed, const float* logits, double* mass) noexcept nogil
    cdef void _recall(self, const unsigned char* allowed, const float* logits) noexcept nogil
    cdef int _filter(self, int n, double* mass) noexcept nogil
