/* The row functions of every cell but those that look along a row (layernorm.cu). */
#ifndef LM_ROWS_UNITS_H
#define LM_ROWS_UNITS_H

#define LM_ROWS(cell, rows, kind)                                                              \
    LM_INLINE void LM_T(cell##_forward)(ptrdiff_t H, ptrdiff_t s_stride, const LM_REAL *wx,    \
                                        const LM_REAL *uh, const LM_REAL *s_prev,              \
                                        const LM_REAL *p, LM_REAL *s_next, LM_REAL *k) {       \
        LM_T(rows##_forward)(kind, H, s_stride, wx, uh, s_prev, p, s_next, k);                 \
    }                                                                                          \
    LM_INLINE void LM_T(cell##_backward)(                                                      \
        ptrdiff_t H, ptrdiff_t s_stride, LM_REAL *ds, const LM_REAL *s_prev,                   \
        const LM_REAL *s_next, const LM_REAL *k, const LM_REAL *p, LM_REAL *dwx, LM_REAL *duh, \
        LM_REAL *dp) {                                                                         \
        LM_T(rows##_backward)(kind, H, s_stride, ds, s_prev, s_next, k, p, dwx, duh, dp);      \
    }

#include "rows_maps.inc"
#include "rows_gated.inc"
#include "rows_elementwise.inc"
#include "rows_fed.inc"
#include "rows_gru.inc"
#include "rows_janet.inc"
#include "rows_mi.inc"
#include "rows_rnn.inc"
#include "rows_slstm.inc"

#endif
