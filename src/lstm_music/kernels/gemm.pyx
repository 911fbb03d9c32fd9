"""Matrix products on packed panels; the contract is src/c/gemm.h.

Callers have checked shapes and layout (backends/checks.py) and own all memory.
"""

from lstm_music.kernels.c_api cimport (
    LM_A_SCRATCH, gemm_pack, gemm_packed, gemm_panel, gemm_run, lm_gemm, lm_gemm_of, real,
)
from lstm_music.kernels.pool cimport ThreadPool, lm_pool_run

SCRATCH_SIZE = LM_A_SCRATCH


def packed_size(int level, Py_ssize_t K, Py_ssize_t N, Py_ssize_t itemsize):
    """Elements that (K, N) takes once packed."""
    cdef const lm_gemm* gemm = lm_gemm_of(level)
    if itemsize == 4:
        return gemm_packed(gemm, K, N, <float> 0)
    return gemm_packed(gemm, K, N, <double> 0)


cdef struct Job:
    const lm_gemm* gemm
    bint is_float
    Py_ssize_t K
    Py_ssize_t N
    const void* source             # what is packed, or multiplied with the packed matrix
    Py_ssize_t stride              # between its rows: of op(b) for k, of op(a) for m
    Py_ssize_t across              # between its columns
    const void* packed
    void* out
    const void* init
    Py_ssize_t init_stride
    void* scratch


def pack(int level, ThreadPool pool not None, const real[:, ::1] b, bint transpose,
         real[::1] packed):
    """Pack op(b) (K, N); the panels are shared out."""
    cdef Job job
    cdef Py_ssize_t panel = gemm_panel(lm_gemm_of(level), <real> 0)
    if b.shape[0] == 0 or b.shape[1] == 0:
        return
    job.gemm, job.is_float = lm_gemm_of(level), real is float
    job.K = b.shape[1] if transpose else b.shape[0]
    job.N = b.shape[0] if transpose else b.shape[1]
    job.stride = 1 if transpose else b.shape[1]
    job.across = b.shape[1] if transpose else 1
    job.source, job.out = &b[0, 0], &packed[0]
    with nogil:
        lm_pool_run(pool.threads, (job.N + panel - 1) // panel, pack_part, &job)


def run(int level, ThreadPool pool not None, const real[:, ::1] a, bint transpose,
        const real[::1] packed, real[:, ::1] out, const real[::1] bias, bint accumulate,
        Py_ssize_t m0, Py_ssize_t m1, real[:, ::1] scratch):  # (n_threads,SCRATCH_SIZE)
    """Rows m0..m1 of ``out`` = op(a) times the packed matrix, plus bias or plus ``out``.

    The rows are shared out.
    """
    cdef Job job
    if m0 >= m1:
        return
    job.gemm, job.is_float = lm_gemm_of(level), real is float
    job.K, job.N = a.shape[0] if transpose else a.shape[1], out.shape[1]
    job.stride = 1 if transpose else a.shape[1]
    job.across = a.shape[1] if transpose else 1
    job.source, job.packed = &a[0, 0] + m0 * job.stride, &packed[0]
    job.out, job.scratch = &out[m0, 0], &scratch[0, 0]
    job.init, job.init_stride = NULL, 0
    if accumulate:
        job.init, job.init_stride = job.out, job.N
    elif bias is not None:
        job.init = &bias[0]
    with nogil:
        lm_pool_run(pool.threads, m1 - m0, run_part, &job)


cdef void pack_part(void* of, int i, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    cdef Job* job = <Job*> of
    if job.is_float:
        pack_panels(job, <float> 0, start, stop)
    else:
        pack_panels(job, <double> 0, start, stop)


cdef inline void pack_panels(
    Job* job, real _like, Py_ssize_t start, Py_ssize_t stop
) noexcept nogil:
    cdef Py_ssize_t panel = gemm_panel(job.gemm, _like), n0 = start * panel
    cdef Py_ssize_t n = min(stop * panel, job.N) - n0
    gemm_pack(job.gemm, job.K, n, <const real*> job.source + n0 * job.across, job.stride,
              job.across, <real*> job.out + gemm_packed(job.gemm, job.K, n0, _like), 0, job.K)


cdef void run_part(void* of, int i, Py_ssize_t m0, Py_ssize_t m1) noexcept nogil:
    cdef Job* job = <Job*> of
    if job.is_float:
        run_rows(job, <float> 0, i, m0, m1)
    else:
        run_rows(job, <double> 0, i, m0, m1)


cdef inline void run_rows(
    Job* job, real _like, int i, Py_ssize_t m0, Py_ssize_t m1
) noexcept nogil:
    cdef const real* init = <const real*> job.init
    if init != NULL:
        init += m0 * job.init_stride
    gemm_run(job.gemm, m1 - m0, job.N, job.K, <const real*> job.source + m0 * job.stride,
             job.stride, job.across, <const real*> job.packed, <real*> job.out + m0 * job.N, job.N,
             init, job.init_stride, <real*> job.scratch + i * LM_A_SCRATCH)


def peak_flops(int level, Py_ssize_t n, Py_ssize_t itemsize):
    """Do n rounds of multiply-adds in registers; return how many operations that was."""
    cdef const lm_gemm* gemm = lm_gemm_of(level)
    cdef Py_ssize_t operations  # of one round
    cdef double total
    with nogil:
        if itemsize == 4:
            operations = gemm.f32.chains * gemm.f32.panel * gemm.f32.deep
            total = gemm.f32.peak(n)
        else:
            operations = gemm.f64.chains * gemm.f64.panel * gemm.f64.deep
            total = gemm.f64.peak(n)
    # The sum is used, so that no compiler may leave the work out. A panel is two vectors, and a
    # multiply-add two operations.
    return n * operations if total > 0 else 0
