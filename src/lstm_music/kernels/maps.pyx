"""Element-wise functions of src/c/cell_math.h over arrays, and column sums."""

from lstm_music.kernels.c_api cimport lm_maps, lm_maps_of, real
from lstm_music.kernels.pool cimport ThreadPool, lm_pool_run


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


cdef struct Job:                 # of add_rows
    const lm_maps* maps
    bint is_float
    Py_ssize_t n
    Py_ssize_t N
    const void* x
    void* sums


def add_rows(int level, ThreadPool pool not None, const real[:, ::1] x, real[::1] sums):
    """sums (N,) += the rows of x (n,N), in rising order; the columns are shared out."""
    cdef Job job
    if x.shape[0] == 0 or x.shape[1] == 0:
        return
    job.maps, job.is_float = lm_maps_of(level), real is float
    job.n, job.N, job.x, job.sums = x.shape[0], x.shape[1], &x[0, 0], &sums[0]
    with nogil:
        lm_pool_run(pool.threads, job.N, add_part, &job)


cdef void add_part(void* of, int i, Py_ssize_t n0, Py_ssize_t n1) noexcept nogil:
    cdef Job* job = <Job*> of
    if job.is_float:
        job.maps.f32.add_rows(job.n, n1 - n0, <const float*> job.x + n0, job.N,
                              <float*> job.sums + n0)
    else:
        job.maps.f64.add_rows(job.n, n1 - n0, <const double*> job.x + n0, job.N,
                              <double*> job.sums + n0)
