"""Dropout whose mask is a function of key, stream and place alone (src/c/layers.h)."""

from libc.stdint cimport uint32_t, uint64_t

from lstm_music.kernels.c_api cimport real
from lstm_music.kernels.pool cimport ThreadPool, lm_pool_run
from lstm_music.kernels.layers_api cimport LM_DROPOUT_BLOCK, lm_layers, lm_layers_of

cdef struct Job:
    const lm_layers* layers
    bint is_float
    Py_ssize_t n
    void* x
    uint64_t key
    uint32_t stream
    uint32_t threshold
    double scale


def dropout(
    int level,
    ThreadPool pool not None,
    real[::1] x,                # (n,) in and out
    uint64_t key,
    uint32_t stream,
    uint32_t threshold,         # drop where the random word is below
    double scale,               # of what is kept
):
    """Drop or scale elements; the same call on a gradient is the backward pass."""
    cdef Job job
    if x.shape[0] == 0:
        return
    job.layers, job.is_float, job.n, job.x = lm_layers_of(level), real is float, x.shape[0], &x[0]
    job.key, job.stream, job.threshold, job.scale = key, stream, threshold, scale
    with nogil:
        lm_pool_run(pool.threads, (job.n + LM_DROPOUT_BLOCK - 1) // LM_DROPOUT_BLOCK, part, &job)


cdef void part(void* of, int i, Py_ssize_t block0, Py_ssize_t block1) noexcept nogil:
    cdef Job* job = <Job*> of
    cdef Py_ssize_t n0 = block0 * LM_DROPOUT_BLOCK, n1 = min(block1 * LM_DROPOUT_BLOCK, job.n)
    if job.is_float:
        job.layers.f32.dropout(n0, n1, <float*> job.x, job.key, job.stream, job.threshold,
                               <float> job.scale)
    else:
        job.layers.f64.dropout(n0, n1, <double*> job.x, job.key, job.stream, job.threshold,
                               job.scale)
