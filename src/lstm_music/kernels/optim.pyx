"""The gradient's norm and one step of an optimiser over flat buffers (src/c/layers.h)."""

from lstm_music.kernels.c_api cimport real
from lstm_music.kernels.pool cimport ThreadPool, lm_pool_run
from lstm_music.kernels.layers_api cimport (
    LM_ADAM,
    LM_RMSPROP,
    LM_RPROP,
    LM_SGD,
    lm_layers,
    lm_layers_of,
    lm_update,
)

RULES = {"sgd": LM_SGD, "rmsprop": LM_RMSPROP, "rprop": LM_RPROP, "adam": LM_ADAM}

cdef struct Norm:
    const lm_layers* layers
    bint is_float
    Py_ssize_t n
    Py_ssize_t block
    const void* x
    double* partial

cdef struct Step:
    const lm_layers* layers
    bint is_float
    int rule
    void* w
    const void* g
    void* m
    void* v
    lm_update numbers


def sum_squares(int level, ThreadPool pool not None, const real[::1] x, double[::1] partial,
                Py_ssize_t block):
    """partial[i] = the sum of squares of x[i·block : (i+1)·block]; the parts are shared out.

    The caller adds the parts in order, so threads do not change a bit.
    """
    cdef Norm job
    if x.shape[0] == 0:
        return
    job.layers, job.is_float, job.block = lm_layers_of(level), real is float, block
    job.n, job.x, job.partial = x.shape[0], &x[0], &partial[0]
    with nogil:
        lm_pool_run(pool.threads, partial.shape[0], norm_part, &job)


def update(
    int level,
    ThreadPool pool not None,
    int rule,                   # of RULES
    real[::1] w,                # (n,) parameters, in and out
    const real[::1] g,          # (n,) gradient
    real[::1] m,                # (n,) what the rule remembers, in and out
    real[::1] v,                # (n,) likewise
    dict numbers,               # every field of lm_update
):
    """One step; the elements are shared out."""
    cdef Step job
    if w.shape[0] == 0:
        return
    job.layers, job.is_float, job.rule = lm_layers_of(level), real is float, rule
    job.w, job.g, job.m, job.v, job.numbers = &w[0], &g[0], &m[0], &v[0], numbers
    with nogil:
        lm_pool_run(pool.threads, w.shape[0], step_part, &job)


cdef void norm_part(void* of, int _i, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    cdef Norm* job = <Norm*> of
    cdef Py_ssize_t i, at, size
    for i in range(start, stop):
        at = i * job.block
        size = min(job.block, job.n - at)
        if job.is_float:
            job.partial[i] = job.layers.f32.sum_squares(size, <const float*> job.x + at)
        else:
            job.partial[i] = job.layers.f64.sum_squares(size, <const double*> job.x + at)


cdef void step_part(void* of, int i, Py_ssize_t n0, Py_ssize_t n1) noexcept nogil:
    cdef Step* job = <Step*> of
    if job.is_float:
        job.layers.f32.update[job.rule](
            n1 - n0, <float*> job.w + n0, <const float*> job.g + n0, <float*> job.m + n0,
            <float*> job.v + n0, &job.numbers)
    else:
        job.layers.f64.update[job.rule](
            n1 - n0, <double*> job.w + n0, <const double*> job.g + n0, <double*> job.m + n0,
            <double*> job.v + n0, &job.numbers)
