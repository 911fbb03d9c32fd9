"""One token out of a distribution: what the generation loop calls."""

from libc.stdint cimport int32_t, uint8_t, uint64_t

cdef struct Shape:
    double temperature
    double top_p
    double min_p
    int top_k

cdef struct Choice:
    double weight
    int32_t token

cdef double uniform(uint64_t key, uint64_t sequence, uint64_t index) noexcept nogil
cdef int draw(
    int V, const float* logits, const uint8_t* mask, const Shape* shape, double u, Choice* choices,
) noexcept nogil
