"""Dropout whose mask is a function of key, stream and place alone (src/c/layers.h)."""

from libc.stdint cimport uint32_t, uint64_t

from lstm_music.kernels.c_api cimport real
from lstm_music.kernels.layers_api cimport LM_DROPOUT_BLOCK, lm_layers_of

BLOCK = LM_DROPOUT_BLOCK


def dropout(
    int level,
    real[::1] x,                # (n,) in and out
    uint64_t key,
    uint32_t stream,
    uint32_t threshold,         # drop where the random word is below
    double scale,               # of what is kept
    Py_ssize_t n0,              # a multiple of BLOCK
    Py_ssize_t n1,
):
    """Drop or scale elements n0..n1; the same call on a gradient is the backward pass."""
    if n0 >= n1:
        return
    with nogil:
        if real is float:
            lm_layers_of(level).f32.dropout(n0, n1, &x[0], key, stream, threshold, <float> scale)
        else:
            lm_layers_of(level).f64.dropout(n0, n1, &x[0], key, stream, threshold, scale)
