"""One token at a time, without the GIL: what the generation loop calls."""

from lstm_music.kernels.c_api cimport lm_rows
from lstm_music.kernels.layers_api cimport lm_layers, lm_matvec

# Where a layer's parameters start in the pool; the head has W and b, the embedding W alone.
cdef struct Place:
    Py_ssize_t W
    Py_ssize_t U
    Py_ssize_t b
    Py_ssize_t p

# What a step needs to know, without an object to hold on to. Gw and Gu: gates times H.
cdef struct Plan:
    Py_ssize_t S
    Py_ssize_t D
    Py_ssize_t H
    Py_ssize_t Gw
    Py_ssize_t Gu
    Py_ssize_t V
    int n_layers
    int n_feeds
    const int* feeds               # (n_feeds,3): CellSpec.feeds
    bint sums_early
    const lm_matvec* matvec
    const lm_rows* cell
    const lm_layers* layers
    const float* pool
    const Place* places            # the layers, then head, then embedding


cdef class StepWeights:
    cdef readonly int n_rows
    cdef readonly object spec
    cdef Plan plan
    cdef object pool               # (n,) float32, aligned; what plan.pool points to
    cdef Py_ssize_t[:, ::1] places
    cdef int[:, ::1] feeds         # what plan.feeds points to
    cdef Plan _plan(self, config, int level)


cdef class Stepper:
    cdef readonly StepWeights weights
    cdef Plan plan
    cdef float[:, :, :, ::1] state    # (2, L, states, H): one half is now, the other next
    cdef float[::1] x                 # (D,) scratch from here on
    cdef float[::1] wx                # (Gw,)
    cdef float[::1] uh                # (Gu,)
    cdef float[::1] cache             # (cached H,)
    cdef float[::1] zeros             # (Gu,)
    cdef int now

    cdef void hear(self, const int* rows) noexcept nogil
    cdef void recur(self, const float* U, const float* s_prev) noexcept nogil
    cdef void predict(self, const unsigned char* wanted, float* logits) noexcept nogil
    cdef void copy_state_from(self, Stepper other) noexcept nogil
