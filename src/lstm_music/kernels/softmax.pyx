"""Softmax with cross-entropy, and its gradient, in one pass over the logits (src/c/layers.h)."""

from lstm_music.kernels.c_api cimport real
from lstm_music.kernels.layers_api cimport lm_layers_of


def cross_entropy(
    int level,
    real[:, ::1] logits,        # (n,V) in: without bias; out: gradient of scale times the losses
    const real[::1] bias,       # (V,)
    const int[::1] targets,     # (n,) below V; negative: no loss
    double scale,
    double[::1] nll,            # (n,) out, nats
    Py_ssize_t n0,
    Py_ssize_t n1,
):
    """Losses and logit gradients of rows n0..n1."""
    if n0 >= n1:
        return
    with nogil:
        if real is float:
            lm_layers_of(level).f32.cross_entropy(
                n1 - n0, logits.shape[1], &logits[n0, 0], &bias[0], &targets[n0], <float> scale,
                &nll[n0])
        else:
            lm_layers_of(level).f64.cross_entropy(
                n1 - n0, logits.shape[1], &logits[n0, 0], &bias[0], &targets[n0], scale,
                &nll[n0])
