"""The gradient's norm and one step of an optimiser over flat buffers (src/c/layers.h)."""

from lstm_music.kernels.c_api cimport real
from lstm_music.kernels.layers_api cimport (
    LM_ADAM,
    LM_RMSPROP,
    LM_RPROP,
    LM_SGD,
    lm_layers_of,
    lm_update,
)

RULES = {"sgd": LM_SGD, "rmsprop": LM_RMSPROP, "rprop": LM_RPROP, "adam": LM_ADAM}


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


def update(
    int level,
    int rule,                   # of RULES
    real[::1] w,                # (n,) parameters, in and out
    const real[::1] g,          # (n,) gradient
    real[::1] m,                # (n,) what the rule remembers, in and out
    real[::1] v,                # (n,) likewise
    dict numbers,               # every field of lm_update
    Py_ssize_t n0,
    Py_ssize_t n1,
):
    """One step on elements n0..n1."""
    cdef lm_update a = numbers
    if n0 >= n1:
        return
    with nogil:
        if real is float:
            lm_layers_of(level).f32.update[rule](n1 - n0, &w[n0], &g[n0], &m[n0], &v[n0], &a)
        else:
            lm_layers_of(level).f64.update[rule](n1 - n0, &w[n0], &g[n0], &m[n0], &v[n0], &a)
