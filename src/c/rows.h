/* One step of one batch row, forward and backward, for every cell.
 *
 * Sizes are those of the cell's spec (lstm_music/cells); G = gates_w. "states rows of H, s_stride
 * apart" is how a batch row lies in S (T+1, states, B, H): s_stride = B H.
 *
 * forward(H, s_stride, wx, uh, s_prev, p, s_next, k)
 *   wx      in:  [G][H] W x + b; for a cell that sums early already W x + b + U h
 *   uh      in:  [gates_u][H] U times what it is fed: h, unless the spec says otherwise; NULL for a cell that sums early
 *   s_prev  in:  states rows of H, s_stride apart
 *   p       in:  [row_params][H]; NULL if the cell has none
 *   s_next  out: states rows of H, s_stride apart
 *   k       out: [cached][H]; may be wx itself when cached == gates_w
 *
 * backward(H, s_stride, ds, s_prev, s_next, k, p, dwx, duh, dp)
 *   ds      in:  states rows of H, s_stride apart: dLoss / d s_next
 *           out: dLoss / d s_prev, without what flows through U
 *   s_prev, s_next, k, p  in: as above
 *   dwx     out: [G][H]
 *   duh     out: [gates_u][H]; NULL for a cell that sums early, where it is dwx, or has no U
 *   dp      +=:  [row_params][H]; NULL if the cell has none
 *
 * Nothing else may overlap. The definition of correct is lstm_music/reference.
 */
#ifndef LM_ROWS_H
#define LM_ROWS_H

#include <stddef.h>

#define LM_ROWS_OF(real)                                                                       \
    struct {                                                                                   \
        void (*forward)(ptrdiff_t H, ptrdiff_t s_stride, const real *wx, const real *uh,       \
                        const real *s_prev, const real *p, real *s_next, real *k);             \
        void (*backward)(ptrdiff_t H, ptrdiff_t s_stride, real *ds, const real *s_prev,        \
                         const real *s_next, const real *k, const real *p, real *dwx,          \
                         real *duh, real *dp);                                                 \
    }

typedef LM_ROWS_OF(float) lm_rows_f32;
typedef LM_ROWS_OF(double) lm_rows_f64;

typedef struct {
    const char *name; /* CellSpec.rows; NULL ends a table */
    lm_rows_f32 f32;
    lm_rows_f64 f64;
} lm_rows;

/* The rows of that name at a level; NULL if there are none. */
const lm_rows *lm_rows_of(int level, const char *name);

/* y[n] = f(x[n]), y may be x; add_rows: sums[columns] += the rows of x, `stride` apart, in rising
 * order. The bias gradient needs add_rows; the others show cell_math.h to the tests. */
#define LM_MAPS_OF(real)                                                                       \
    struct {                                                                                   \
        void (*sigmoid)(ptrdiff_t n, const real *x, real *y);                                  \
        void (*tanh)(ptrdiff_t n, const real *x, real *y);                                     \
        void (*exp_below)(ptrdiff_t n, const real *x, real *y);                                \
        void (*log_sigmoid)(ptrdiff_t n, const real *x, real *y);                              \
        void (*add_rows)(ptrdiff_t rows, ptrdiff_t columns, const real *x, ptrdiff_t stride,   \
                         real *sums);                                                          \
    }

typedef LM_MAPS_OF(float) lm_maps_f32;
typedef LM_MAPS_OF(double) lm_maps_f64;

typedef struct {
    lm_maps_f32 f32;
    lm_maps_f64 f64;
} lm_maps;

const lm_maps *lm_maps_of(int level);

#endif
