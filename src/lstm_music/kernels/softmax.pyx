"""Softmax with cross-entropy, and its gradient, in one pass over the logits (src/c/layers.h)."""

from lstm_music.kernels.c_api cimport real
from lstm_music.kernels.pool cimport ThreadPool, lm_pool_run
from lstm_music.kernels.layers_api cimport lm_layers, lm_layers_of

cdef struct Job:
    const lm_layers* layers
    bint is_float
    Py_ssize_t V
    void* logits
    const void* bias
    const int* targets
    double scale
    double* nll


def cross_entropy(
    int level,
    ThreadPool pool not None,
    real[:, ::1] logits,        # (n,V) in: without bias; out: gradient of scale times the losses
    const real[::1] bias,       # (V,)
    const int[::1] targets,     # (n,) below V; negative: no loss
    double scale,
    double[::1] nll,            # (n,) out, nats
):
    """Losses and logit gradients; the rows are shared out."""
    cdef Job job
    if logits.shape[0] == 0:
        return
    job.layers, job.is_float = lm_layers_of(level), real is float
    job.V, job.logits, job.bias = logits.shape[1], &logits[0, 0], &bias[0]
    job.targets, job.scale, job.nll = &targets[0], scale, &nll[0]
    with nogil:
        lm_pool_run(pool.threads, logits.shape[0], part, &job)


cdef void part(void* of, int i, Py_ssize_t n0, Py_ssize_t n1) noexcept nogil:
    cdef Job* job = <Job*> of
    if job.is_float:
        job.layers.f32.cross_entropy(
            n1 - n0, job.V, <float*> job.logits + n0 * job.V, <const float*> job.bias,
            job.targets + n0, <float> job.scale, job.nll + n0)
    else:
        job.layers.f64.cross_entropy(
            n1 - n0, job.V, <double*> job.logits + n0 * job.V, <const double*> job.bias,
            job.targets + n0, job.scale, job.nll + n0)
