"""Element-wise functions of src/c/cell_math.h over arrays, and column sums."""

from lstm_music.kernels.c_api cimport lm_maps, lm_maps_of, real


def sigmoid(int level, const real[::1] x, real[::1] y):
    """y (n,) = sigmoid(x)."""
    cdef const lm_maps* maps = lm_maps_of(level)
    if real is float:
        maps.f32.sigmoid(x.shape[0], &x[0], &y[0])
    else:
        maps.f64.sigmoid(x.shape[0], &x[0], &y[0])


def tanh(int level, const real[::1] x, real[::1] y):
    """y (n,) = tanh(x)."""
    cdef const lm_maps* maps = lm_maps_of(level)
    if real is float:
        maps.f32.tanh(x.shape[0], &x[0], &y[0])
    else:
        maps.f64.tanh(x.shape[0], &x[0], &y[0])


def exp_below(int level, const real[::1] x, real[::1] y):
    """y (n,) = exp(x) of x <= 0; 0 where it would be below the smallest normal number."""
    cdef const lm_maps* maps = lm_maps_of(level)
    if real is float:
        maps.f32.exp_below(x.shape[0], &x[0], &y[0])
    else:
        maps.f64.exp_below(x.shape[0], &x[0], &y[0])


def log_sigmoid(int level, const real[::1] x, real[::1] y):
    """y (n,) = log(sigmoid(x))."""
    cdef const lm_maps* maps = lm_maps_of(level)
    if real is float:
        maps.f32.log_sigmoid(x.shape[0], &x[0], &y[0])
    else:
        maps.f64.log_sigmoid(x.shape[0], &x[0], &y[0])


def add_rows(int level, const real[:, ::1] x, real[::1] sums, Py_ssize_t n0, Py_ssize_t n1):
    """sums[n0:n1] += the rows of x[:, n0:n1], in rising order."""
    cdef const lm_maps* maps = lm_maps_of(level)
    if n0 >= n1:
        return
    with nogil:
        if real is float:
            maps.f32.add_rows(x.shape[0], n1 - n0, &x[0, n0], x.shape[1], &sums[n0])
        else:
            maps.f64.add_rows(x.shape[0], n1 - n0, &x[0, n0], x.shape[1], &sums[n0])
