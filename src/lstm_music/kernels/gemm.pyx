"""Matrix products on packed panels; the contract is src/c/gemm.h.

Callers have checked shapes and layout (backends/checks.py) and own all memory.
"""

from lstm_music.kernels.c_api cimport (
    LM_A_SCRATCH, gemm_pack, gemm_packed, gemm_run, lm_gemm, lm_gemm_of, real,
)

SCRATCH_SIZE = LM_A_SCRATCH


def packed_size(int level, Py_ssize_t K, Py_ssize_t N, Py_ssize_t itemsize):
    """Elements that (K, N) takes once packed."""
    cdef const lm_gemm* gemm = lm_gemm_of(level)
    if itemsize == 4:
        return gemm_packed(gemm, K, N, <float> 0)
    return gemm_packed(gemm, K, N, <double> 0)


def pack(int level, const real[:, ::1] b, bint transpose, real[::1] packed):
    """Pack op(b) (K, N)."""
    cdef const lm_gemm* gemm = lm_gemm_of(level)
    cdef Py_ssize_t K = b.shape[1] if transpose else b.shape[0]
    cdef Py_ssize_t N = b.shape[0] if transpose else b.shape[1]
    cdef Py_ssize_t k_stride = 1 if transpose else b.shape[1]
    cdef Py_ssize_t n_stride = b.shape[1] if transpose else 1
    with nogil:
        gemm_pack(gemm, K, N, &b[0, 0], k_stride, n_stride, &packed[0], 0, K)


def run(int level, const real[:, ::1] a, bint transpose, const real[::1] packed, real[:, ::1] out,
        const real[::1] bias, bint accumulate, Py_ssize_t m0, Py_ssize_t m1, real[::1] scratch):
    """Rows m0..m1 of ``out`` = op(a) times the packed matrix, plus bias or plus ``out``."""
    cdef const lm_gemm* gemm = lm_gemm_of(level)
    cdef Py_ssize_t N = out.shape[1]
    cdef Py_ssize_t K = a.shape[0] if transpose else a.shape[1]
    cdef Py_ssize_t m_stride = 1 if transpose else a.shape[1]
    cdef Py_ssize_t k_stride = a.shape[1] if transpose else 1
    cdef const real* init = NULL
    cdef Py_ssize_t init_stride = 0
    if m0 >= m1:
        return
    if accumulate:
        init, init_stride = &out[m0, 0], N
    elif bias is not None:
        init = &bias[0]
    with nogil:
        gemm_run(gemm, m1 - m0, N, K, &a[0, 0] + m0 * m_stride, m_stride, k_stride, &packed[0],
                 &out[m0, 0], N, init, init_stride, &scratch[0])


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
