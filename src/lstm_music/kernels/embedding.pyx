"""The sum of one embedding row a stream; the contract is src/c/layers.h.

Callers have checked shapes and that every index is a row of the table.
n positions, S streams, R rows, D columns.
"""

from lstm_music.kernels.c_api cimport real
from lstm_music.kernels.layers_api cimport lm_layers_of


def embed_forward(
    int level,
    const real[:, ::1] E,       # (R,D)
    const int[:, ::1] rows,     # (n,S)
    real[:, ::1] X,             # (n,D) out
    Py_ssize_t n0,
    Py_ssize_t n1,
):
    """X = the sum of the named rows of E, for positions n0..n1."""
    if n0 >= n1:
        return
    with nogil:
        if real is float:
            lm_layers_of(level).f32.embed_forward(
                n1 - n0, rows.shape[1], E.shape[1], &E[0, 0], &rows[n0, 0], NULL, &X[n0, 0])
        else:
            lm_layers_of(level).f64.embed_forward(
                n1 - n0, rows.shape[1], E.shape[1], &E[0, 0], &rows[n0, 0], NULL, &X[n0, 0])


def embed_backward(
    int level,
    const real[:, ::1] dX,      # (n,D)
    const int[:, ::1] rows,     # (n,S)
    real[:, ::1] dE,            # (R,D) +=
    Py_ssize_t d0,
    Py_ssize_t d1,
):
    """dE[rows] += dX in the order of the positions, columns d0..d1 only."""
    if d0 >= d1:
        return
    with nogil:
        if real is float:
            lm_layers_of(level).f32.embed_backward(
                rows.shape[0], rows.shape[1], dE.shape[1], d0, d1, &dX[0, 0], &rows[0, 0],
                &dE[0, 0])
        else:
            lm_layers_of(level).f64.embed_backward(
                rows.shape[0], rows.shape[1], dE.shape[1], d0, d1, &dX[0, 0], &rows[0, 0],
                &dE[0, 0])
