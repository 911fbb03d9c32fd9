"""One token at a time, without the GIL: what the generation loop calls."""

from lstm_music.kernels.c_api cimport lm_rows
from lstm_music.kernels.layers_api cimport lm_layers, lm_matvec, lm_zone
from lstm_music.kernels.zoneout cimport Zoneout

cdef enum:
    MOST_TOGETHER = 16  # steppers that take a step in one call

# Where a layer's parameters start in the pool, in bytes; the head has W and b, the table W alone.
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
    Py_ssize_t states
    Py_ssize_t sums                # where a state has the sums of residual connections, and
    Py_ssize_t top                 # where it has what the head reads: from now, next
    int n_layers
    int residual_from              # the first layer whose input is added to its output
    int n_feeds
    const int* feeds               # (n_feeds,3): CellSpec.feeds
    bint sums_early
    bint by_table                  # the table holds what the first layer's W makes of the embedding
    const lm_matvec* matvec
    const lm_rows* cell
    const lm_layers* layers
    const lm_zone* zone            # (states,) what each keeps of its old value; NULL: nothing
    const char* pool
    const Place* places            # the layers, then head, then table

# The state of one sequence, and its scratch.
cdef struct StepState:
    float* now                     # (L,states,H), then sums (H,) if a layer is residual
    float* next                    # the same
    float* x                       # (D,)
    float* wx                      # (Gw,)
    float* uh                      # (Gu,)
    float* cache                   # (cached H,)

cdef void add(Py_ssize_t n, const float* a, const float* b, float* sums) noexcept nogil
cdef void recur(
    const Plan* m, int n, StepState** seqs, Py_ssize_t here, const char* U
) noexcept nogil
cdef void advance_together(const Plan* m, int n, StepState** seqs, const int** rows) noexcept nogil
cdef void predict_together(
    const Plan* m, int n, StepState** seqs, const unsigned char** wanted, float** logits,
) noexcept nogil


cdef class StepWeights:
    cdef readonly int n_rows
    cdef readonly object spec
    cdef readonly str precision
    cdef object model              # what it was made of, and can be made of again
    cdef object level
    cdef Plan plan
    cdef object start              # the state at first
    cdef object pool               # (n,) bytes, aligned; what plan.pool points to
    cdef Py_ssize_t[:, ::1] places
    cdef int[:, ::1] feeds         # what plan.feeds points to
    cdef Zoneout zone              # what plan.zone points to
    cdef Plan _plan(self, config, int level)
    cdef object _packed(self, W)


cdef class Stepper:
    cdef readonly StepWeights weights
    cdef Plan plan
    cdef StepState seq
    cdef float[:, ::1] memory      # what seq points to
    cdef float[::1] scratch

    cdef void advance(self, const int* rows) noexcept nogil
    cdef void predict(self, const unsigned char* wanted, float* logits) noexcept nogil
    cdef void copy_state_from(self, Stepper other) noexcept nogil
