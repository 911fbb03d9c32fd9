"""Many tokens of one sequence, all known beforehand: layer by layer instead of token by token."""

from lstm_music.kernels.step cimport StepState, Plan, Stepper

cdef enum:
    MOST_IN_A_STRETCH = 32  # inputs that are kept until the next flush


cdef class Stretch:
    cdef Stepper stepper
    cdef int n                     # inputs that wait
    cdef int[:, ::1] rows          # (MOST_IN_A_STRETCH,S)
    cdef float[:, ::1] wx          # (MOST_IN_A_STRETCH,Gw)
    cdef float[:, ::1] below       # (MOST_IN_A_STRETCH,D or H) what a layer reads
    cdef float[:, ::1] above       # (MOST_IN_A_STRETCH,H) what it gives

    cdef void advance(self, const int* rows) noexcept nogil
    cdef void flush(self) noexcept nogil
    cdef void _inputs(self, int layer) noexcept nogil
    cdef void _steps(self, int layer) noexcept nogil
