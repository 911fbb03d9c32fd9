"""The sum of one embedding row a stream; the contract is src/c/layers.h.

Callers have checked shapes and that every index is a row of the table.
n positions, S streams, R rows, D columns.
"""

from lstm_music.kernels.c_api cimport real
from lstm_music.kernels.pool cimport ThreadPool, lm_pool_run
from lstm_music.kernels.layers_api cimport lm_layers, lm_layers_of

cdef struct Job:
    const lm_layers* layers
    bint is_float
    Py_ssize_t n
    Py_ssize_t S
    Py_ssize_t D
    const int* rows
    const void* source
    void* target


def embed_forward(
    int level,
    ThreadPool pool not None,
    const real[:, ::1] E,       # (R,D)
    const int[:, ::1] rows,     # (n,S)
    real[:, ::1] X,             # (n,D) out
):
    """X = the sum of the named rows of E; the positions are shared out."""
    cdef Job job
    if rows.shape[0] == 0 or E.shape[1] == 0:
        return
    job.layers, job.is_float = lm_layers_of(level), real is float
    job.n, job.S, job.D, job.rows = rows.shape[0], rows.shape[1], E.shape[1], &rows[0, 0]
    job.source, job.target = &E[0, 0], &X[0, 0]
    with nogil:
        lm_pool_run(pool.threads, job.n, forward_part, &job)


def embed_backward(
    int level,
    ThreadPool pool not None,
    const real[:, ::1] dX,      # (n,D)
    const int[:, ::1] rows,     # (n,S)
    real[:, ::1] dE,            # (R,D) +=
):
    """dE[rows] += dX in the order of the positions; the columns are shared out."""
    cdef Job job
    if rows.shape[0] == 0 or dE.shape[1] == 0:
        return
    job.layers, job.is_float = lm_layers_of(level), real is float
    job.n, job.S, job.D, job.rows = rows.shape[0], rows.shape[1], dE.shape[1], &rows[0, 0]
    job.source, job.target = &dX[0, 0], &dE[0, 0]
    with nogil:
        lm_pool_run(pool.threads, job.D, backward_part, &job)


cdef void forward_part(void* of, int i, Py_ssize_t n0, Py_ssize_t n1) noexcept nogil:
    cdef Job* job = <Job*> of
    cdef const int* rows = job.rows + n0 * job.S
    if job.is_float:
        job.layers.f32.embed_forward(n1 - n0, job.S, job.D, <const float*> job.source, rows, NULL,
                                     <float*> job.target + n0 * job.D)
    else:
        job.layers.f64.embed_forward(n1 - n0, job.S, job.D, <const double*> job.source, rows, NULL,
                                     <double*> job.target + n0 * job.D)


cdef void backward_part(void* of, int i, Py_ssize_t d0, Py_ssize_t d1) noexcept nogil:
    cdef Job* job = <Job*> of
    if job.is_float:
        job.layers.f32.embed_backward(job.n, job.S, job.D, d0, d1, <const float*> job.source,
                                      job.rows, <float*> job.target)
    else:
        job.layers.f64.embed_backward(job.n, job.S, job.D, d0, d1, <const double*> job.source,
                                      job.rows, <double*> job.target)
