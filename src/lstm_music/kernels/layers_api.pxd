"""The C layers and the matrix-vector product as Cython sees them; contracts in the headers."""

from libc.stdint cimport uint32_t, uint64_t

cdef extern from "layers.h" nogil:
    enum:
        LM_DROPOUT_BLOCK
        LM_SGD
        LM_RMSPROP
        LM_RPROP
        LM_ADAM
        LM_N_RULES

    ctypedef struct lm_update:
        double g_scale
        double l2
        double rate
        double momentum
        double decay
        double epsilon
        double v_scale
        double shrink
        double grow
        double least
        double most

    ctypedef struct lm_zone:
        double rate
        uint64_t key
        uint32_t stream
        uint32_t threshold
        int masked

    ctypedef struct lm_layers_f32:
        void (*embed_forward)(
            Py_ssize_t n, Py_ssize_t S, Py_ssize_t D, const float* E, const int* rows,
            const float* bias, float* X,
        ) noexcept nogil
        void (*embed_backward)(
            Py_ssize_t n, Py_ssize_t S, Py_ssize_t D, Py_ssize_t d0, Py_ssize_t d1,
            const float* dX, const int* rows, float* dE,
        ) noexcept nogil
        void (*cross_entropy)(
            Py_ssize_t n, Py_ssize_t V, float* x, const float* bias, const int* targets,
            float scale, double* nll,
        ) noexcept nogil
        void (*dropout)(
            Py_ssize_t e0, Py_ssize_t e1, float* x, uint64_t key, uint32_t stream,
            uint32_t threshold, float scale,
        ) noexcept nogil
        void (*zone_forward)(
            Py_ssize_t H, const lm_zone* zone, uint64_t row, const float* s_prev,
            const float* s_next, float* s,
        ) noexcept nogil
        void (*zone_backward)(
            Py_ssize_t H, const lm_zone* zone, uint64_t row, float* ds, float* held,
        ) noexcept nogil
        double (*sum_squares)(Py_ssize_t n, const float* x) noexcept nogil
        void (*update[LM_N_RULES])(
            Py_ssize_t n, float* w, const float* g, float* m, float* v, const lm_update* a,
        ) noexcept nogil

    ctypedef struct lm_layers_f64:
        void (*embed_forward)(
            Py_ssize_t n, Py_ssize_t S, Py_ssize_t D, const double* E, const int* rows,
            const double* bias, double* X,
        ) noexcept nogil
        void (*embed_backward)(
            Py_ssize_t n, Py_ssize_t S, Py_ssize_t D, Py_ssize_t d0, Py_ssize_t d1,
            const double* dX, const int* rows, double* dE,
        ) noexcept nogil
        void (*cross_entropy)(
            Py_ssize_t n, Py_ssize_t V, double* x, const double* bias, const int* targets,
            double scale, double* nll,
        ) noexcept nogil
        void (*dropout)(
            Py_ssize_t e0, Py_ssize_t e1, double* x, uint64_t key, uint32_t stream,
            uint32_t threshold, double scale,
        ) noexcept nogil
        void (*zone_forward)(
            Py_ssize_t H, const lm_zone* zone, uint64_t row, const double* s_prev,
            const double* s_next, double* s,
        ) noexcept nogil
        void (*zone_backward)(
            Py_ssize_t H, const lm_zone* zone, uint64_t row, double* ds, double* held,
        ) noexcept nogil
        double (*sum_squares)(Py_ssize_t n, const double* x) noexcept nogil
        void (*update[LM_N_RULES])(
            Py_ssize_t n, double* w, const double* g, double* m, double* v, const lm_update* a,
        ) noexcept nogil

    ctypedef struct lm_layers:
        lm_layers_f32 f32
        lm_layers_f64 f64

    const lm_layers* lm_layers_of(int level)

cdef extern from "matvec.h" nogil:
    ctypedef struct lm_vector:
        const float* x
        const float* init
        float* y

    ctypedef struct lm_matvec:
        Py_ssize_t panel
        Py_ssize_t (*size)(Py_ssize_t N, Py_ssize_t K) noexcept nogil
        void (*pack)(Py_ssize_t N, Py_ssize_t K, const float* W, void* packed) noexcept nogil
        void (*run)(
            int M, Py_ssize_t N, Py_ssize_t K, const void* packed, const lm_vector* vectors,
        ) noexcept nogil

    const lm_matvec* lm_matvec_f32_of(int level)
    const lm_matvec* lm_matvec_bf16_of(int level)
    const lm_matvec* lm_matvec_int8_of(int level)

cdef inline const lm_matvec* matvec_of(int level, str precision):
    """The matrix times vector of a level in a precision of step.pyx."""
    if precision == "int8":
        return lm_matvec_int8_of(level)
    return lm_matvec_f32_of(level) if precision == "float32" else lm_matvec_bf16_of(level)
