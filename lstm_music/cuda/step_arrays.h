/* The arrays of a step, as every cell's two kernels take them. Sizes are those of CellSpec:
 * LM_GATES_W, LM_GATES_U, LM_STATES, LM_CACHED, LM_ROW_PARAMS, LM_EARLY (sums_early).
 *
 *   wx       (T, B, gates_w H) W x, and + U h for a cell that sums early; may be where K is
 *   bias     (gates_w H)
 *   uh       (B, gates_u H) of this step; not for a cell that sums early
 *   p        (row_params, H)
 *   lengths  (B,)
 *   S        (T+1, states, B, H), K (T, B, cached H), raw (T, states, B, H); NULL: no zoneout
 *   dY       (T, B, H);  ds (states, B, H) in: dLoss/dS[t+1], out: dLoss/dS[t] less what U adds
 *   dwx      (T, B, gates_w H) out;  duh (T, B, gates_u H) out;  dp (B, row_params, H) +=
 *
 * A row past its length keeps its state and has no gradients.
 */
#ifndef LM_STEP_ARRAYS_H
#define LM_STEP_ARRAYS_H

#define LM_SOME(n) ((n) ? (n) : 1)

#define LM_FORWARD_ARGUMENTS                                                                   \
    int64_t B, int64_t H, int64_t t, const LM_REAL *wx, const LM_REAL *bias,                   \
        const LM_REAL *uh, const LM_REAL *p, const int *lengths, LM_REAL *S, LM_REAL *K,       \
        LM_REAL *raw, const double *rates, uint64_t key, uint32_t stream, int masked

#define LM_BACKWARD_ARGUMENTS                                                                  \
    int64_t B, int64_t H, int64_t t, const LM_REAL *dY, LM_REAL *ds, const LM_REAL *S,         \
        const LM_REAL *K, const LM_REAL *raw, const LM_REAL *p, const int *lengths,            \
        LM_REAL *dwx, LM_REAL *duh, LM_REAL *dp, const double *rates, uint64_t key,            \
        uint32_t stream, int masked

/* The same, handed on. */
#define LM_FORWARD_PASSED                                                                      \
    B, H, t, wx, bias, uh, p, lengths, S, K, raw, rates, key, stream, masked
#define LM_BACKWARD_PASSED                                                                     \
    B, H, t, dY, ds, S, K, raw, p, lengths, dwx, duh, dp, rates, key, stream, masked

/* Where value j of row r of an array of rows (.., B, H) stands. */
#define LM_AT(r, b, j) (((r) * B + (b)) * H + (j))
/* Where value j of gate g of batch row b of step t stands in an array (T, B, gates H). */
#define LM_GATE(t, b, gates, g, j) ((((t) * B + (b)) * (gates) + (g)) * H + (j))

#endif
