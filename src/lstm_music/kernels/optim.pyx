"""The gradient's norm and the Adam step over flat buffers (src/c/layers.h)."""

from lstm_music.kernels.c_api cimport real
from lstm_music.kernels.layers_api cimport lm_adam, lm_layers_of


def sum_squares(int level, const real[::1] x, double[::1] partial, Py_ssize_t block, Py_ssize_t i0,
                Py_ssize_t i1):
    """partial[i] = the sum of squares of x[i·block : (i+1)·block], for i in i0..i1.

    The caller adds the parts in order, so threads do not change a bit.
    """
    cdef Py_ssize_t i, size
    with nogil:
        for i in range(i0, i1):
            size = min(block, x.shape[0] - i * block)
            if real is float:
                partial[i] = lm_layers_of(level).f32.sum_squares(size, &x[i * block])
            else:
                partial[i] = lm_layers_of(level).f64.sum_squares(size, &x[i * block])


def adam(
    int level,
    real[::1] w,                # (n,) parameters, in and out
    const real[::1] g,          # (n,) gradient
    real[::1] m,                # (n,) first moment, in and out
    real[::1] v,                # (n,) second moment, in and out
    double g_scale,
    double rate,                # learning rate / (1 - beta1^t)
    double v_scale,             # 1 / sqrt(1 - beta2^t)
    double beta1,
    double beta2,
    double epsilon,
    Py_ssize_t n0,
    Py_ssize_t n1,
):
    """One step on elements n0..n1."""
    cdef lm_adam a = lm_adam(g_scale, beta1, beta2, epsilon, rate, v_scale)
    if n0 >= n1:
        return
    with nogil:
        if real is float:
            lm_layers_of(level).f32.adam(n1 - n0, &w[n0], &g[n0], &m[n0], &v[n0], &a)
        else:
            lm_layers_of(level).f64.adam(n1 - n0, &w[n0], &g[n0], &m[n0], &v[n0], &a)
