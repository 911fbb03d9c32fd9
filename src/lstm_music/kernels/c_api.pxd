"""The C kernels of src/c as Cython sees them; the contracts stand in the headers."""

cdef extern from "levels.h" nogil:
    enum:
        LM_AMX
        LM_BF16
        LM_N_LEVELS
    const char* lm_level_name(int level)
    int lm_level_ready(int level)

cdef extern from "gemm.h" nogil:
    enum:
        LM_A_SCRATCH

    ctypedef struct lm_gemm_f32:
        Py_ssize_t panel
        Py_ssize_t deep
        Py_ssize_t unit
        Py_ssize_t chains
        void (*pack)(Py_ssize_t K, Py_ssize_t N, const float* b, Py_ssize_t k_stride,
                     Py_ssize_t n_stride, float* packed, Py_ssize_t k0,
                     Py_ssize_t K_total) noexcept nogil
        void (*run)(Py_ssize_t M, Py_ssize_t N, Py_ssize_t K, const float* a, Py_ssize_t m_stride,
                    Py_ssize_t k_stride, const float* packed, float* c, Py_ssize_t c_stride,
                    const float* init, Py_ssize_t init_stride, float* scratch) noexcept nogil
        float (*peak)(Py_ssize_t n) noexcept nogil

    ctypedef struct lm_gemm_f64:
        Py_ssize_t panel
        Py_ssize_t deep
        Py_ssize_t unit
        Py_ssize_t chains
        void (*pack)(Py_ssize_t K, Py_ssize_t N, const double* b, Py_ssize_t k_stride,
                     Py_ssize_t n_stride, double* packed, Py_ssize_t k0,
                     Py_ssize_t K_total) noexcept nogil
        void (*run)(Py_ssize_t M, Py_ssize_t N, Py_ssize_t K, const double* a, Py_ssize_t m_stride,
                    Py_ssize_t k_stride, const double* packed, double* c, Py_ssize_t c_stride,
                    const double* init, Py_ssize_t init_stride, double* scratch) noexcept nogil
        double (*peak)(Py_ssize_t n) noexcept nogil

    ctypedef struct lm_gemm:
        lm_gemm_f32 f32
        lm_gemm_f64 f64

    const lm_gemm* lm_gemm_of(int level)

cdef extern from "rows.h" nogil:
    ctypedef struct lm_rows_f32:
        void (*forward)(Py_ssize_t H, Py_ssize_t s_stride, const float* wx, const float* uh,
                        const float* s_prev, const float* p, float* s_next,
                        float* k) noexcept nogil
        void (*backward)(Py_ssize_t H, Py_ssize_t s_stride, float* ds, const float* s_prev,
                         const float* s_next, const float* k, const float* p, float* dwx,
                         float* duh, float* dp) noexcept nogil

    ctypedef struct lm_rows_f64:
        void (*forward)(Py_ssize_t H, Py_ssize_t s_stride, const double* wx, const double* uh,
                        const double* s_prev, const double* p, double* s_next,
                        double* k) noexcept nogil
        void (*backward)(Py_ssize_t H, Py_ssize_t s_stride, double* ds, const double* s_prev,
                         const double* s_next, const double* k, const double* p, double* dwx,
                         double* duh, double* dp) noexcept nogil

    ctypedef struct lm_rows:
        const char* name
        lm_rows_f32 f32
        lm_rows_f64 f64

    ctypedef struct lm_maps_f32:
        void (*sigmoid)(Py_ssize_t n, const float* x, float* y) noexcept nogil
        void (*tanh)(Py_ssize_t n, const float* x, float* y) noexcept nogil
        void (*exp_below)(Py_ssize_t n, const float* x, float* y) noexcept nogil
        void (*log_sigmoid)(Py_ssize_t n, const float* x, float* y) noexcept nogil
        void (*add_rows)(Py_ssize_t rows, Py_ssize_t columns, const float* x, Py_ssize_t stride,
                         float* sums) noexcept nogil

    ctypedef struct lm_maps_f64:
        void (*sigmoid)(Py_ssize_t n, const double* x, double* y) noexcept nogil
        void (*tanh)(Py_ssize_t n, const double* x, double* y) noexcept nogil
        void (*exp_below)(Py_ssize_t n, const double* x, double* y) noexcept nogil
        void (*log_sigmoid)(Py_ssize_t n, const double* x, double* y) noexcept nogil
        void (*add_rows)(Py_ssize_t rows, Py_ssize_t columns, const double* x, Py_ssize_t stride,
                         double* sums) noexcept nogil

    ctypedef struct lm_maps:
        lm_maps_f32 f32
        lm_maps_f64 f64

    const lm_rows* lm_rows_of(int level, const char* name)
    const lm_maps* lm_maps_of(int level)

ctypedef fused real:
    float
    double

# The two element types of one C kernel behind one name.

cdef inline Py_ssize_t gemm_panel(const lm_gemm* gemm, real _like) noexcept nogil:
    return gemm.f32.panel if real is float else gemm.f64.panel

cdef inline Py_ssize_t gemm_packed(
    const lm_gemm* gemm, Py_ssize_t K, Py_ssize_t N, real _like
) noexcept nogil:
    """Numbers that (K, N) takes once packed: where the next matrix starts, or a panel's columns."""
    cdef Py_ssize_t panel = gemm_panel(gemm, _like)
    cdef Py_ssize_t deep = gemm.f32.deep if real is float else gemm.f64.deep
    cdef Py_ssize_t unit = gemm.f32.unit if real is float else gemm.f64.unit
    return (N + panel - 1) // panel * panel * ((K + unit - 1) // unit * unit // deep)

cdef inline void gemm_pack(
    const lm_gemm* gemm, Py_ssize_t K, Py_ssize_t N, const real* b, Py_ssize_t k_stride,
    Py_ssize_t n_stride, real* packed, Py_ssize_t k0, Py_ssize_t K_total,
) noexcept nogil:
    if real is float:
        gemm.f32.pack(K, N, b, k_stride, n_stride, packed, k0, K_total)
    else:
        gemm.f64.pack(K, N, b, k_stride, n_stride, packed, k0, K_total)

cdef inline void gemm_run(
    const lm_gemm* gemm, Py_ssize_t M, Py_ssize_t N, Py_ssize_t K, const real* a,
    Py_ssize_t m_stride, Py_ssize_t k_stride, const real* packed, real* c, Py_ssize_t c_stride,
    const real* init, Py_ssize_t init_stride, real* scratch,
) noexcept nogil:
    if real is float:
        gemm.f32.run(M, N, K, a, m_stride, k_stride, packed, c, c_stride, init, init_stride,
                     scratch)
    else:
        gemm.f64.run(M, N, K, a, m_stride, k_stride, packed, c, c_stride, init, init_stride,
                     scratch)

cdef inline void row_forward(
    const lm_rows* rows, Py_ssize_t H, Py_ssize_t s_stride, const real* wx, const real* uh,
    const real* s_prev, const real* p, real* s_next, real* k,
) noexcept nogil:
    if real is float:
        rows.f32.forward(H, s_stride, wx, uh, s_prev, p, s_next, k)
    else:
        rows.f64.forward(H, s_stride, wx, uh, s_prev, p, s_next, k)

cdef inline void row_backward(
    const lm_rows* rows, Py_ssize_t H, Py_ssize_t s_stride, real* ds, const real* s_prev,
    const real* s_next, const real* k, const real* p, real* dwx, real* duh, real* dp,
) noexcept nogil:
    if real is float:
        rows.f32.backward(H, s_stride, ds, s_prev, s_next, k, p, dwx, duh, dp)
    else:
        rows.f64.backward(H, s_stride, ds, s_prev, s_next, k, p, dwx, duh, dp)
