/* A step of one unit of one batch row: the cell's own row functions (src/c/rows_*.inc) over a row of
 * one unit, so that they work on registers. LM_CELL is their name. */
#ifndef LM_UNIT_H
#define LM_UNIT_H

#include "cell_math.h"
#include "rows_kinds.h"
#include "rows_units.h"
#include "random.h"
#include "zoneout.h"
#include "step_arrays.h"

/* sums (gates_u,): U h of this unit; 0 where wx has them already. */
static __device__ void lm_unit_forward(int64_t b, int64_t j, const LM_REAL *sums,
                                       LM_FORWARD_ARGUMENTS) {
    LM_REAL s_prev[LM_STATES], s_next[LM_STATES];
    for (int s = 0; s < LM_STATES; s++)
        s_prev[s] = S[LM_AT(t * LM_STATES + s, b, j)];
    if (t >= lengths[b]) {
        for (int s = 0; s < LM_STATES; s++)
            S[LM_AT((t + 1) * LM_STATES + s, b, j)] = s_prev[s];
        return;
    }
    LM_REAL x[LM_GATES_W], q[LM_SOME(LM_ROW_PARAMS)], k[LM_CACHED];
    for (int g = 0; g < LM_GATES_W; g++) {
        x[g] = wx[LM_GATE(t, b, LM_GATES_W, g, j)];
        if (LM_EARLY && g < LM_GATES_U)
            x[g] += sums[g];
        x[g] += bias[g * H + j];
    }
    for (int r = 0; r < LM_ROW_PARAMS; r++)
        q[r] = p[r * H + j];
    LM_T(LM_CAT(LM_CELL, _forward))(1, 1, x, sums, s_prev, q, s_next, k);
    for (int r = 0; r < LM_CACHED; r++)
        K[LM_GATE(t, b, LM_CACHED, r, j)] = k[r];
    lm_zones zones = {rates, key, stream, masked};
    for (int s = 0; s < LM_STATES; s++) {
        int64_t row = t * LM_STATES + s;
        if (raw) {
            LM_REAL share = lm_zone_share(zones, s, row * B + b, H, j);
            raw[LM_AT(row, b, j)] = s_next[s];
            s_next[s] = share * s_prev[s] + (1 - share) * s_next[s];
        }
        S[LM_AT(row + LM_STATES, b, j)] = s_next[s];
    }
}

static __device__ void lm_unit_backward(int64_t b, int64_t j, LM_BACKWARD_ARGUMENTS) {
    LM_REAL d[LM_STATES], s_prev[LM_STATES], s_next[LM_STATES], held[LM_STATES];
    for (int s = 0; s < LM_STATES; s++)
        d[s] = ds[LM_AT(s, b, j)];
    d[0] += dY[LM_AT(t, b, j)];
    LM_REAL k[LM_CACHED], q[LM_SOME(LM_ROW_PARAMS)];
    LM_REAL dx[LM_GATES_W], du[LM_SOME(LM_GATES_U)], dq[LM_SOME(LM_ROW_PARAMS)];
    const bool is_on = t < lengths[b];
    if (is_on) {
        lm_zones zones = {rates, key, stream, masked};
        for (int s = 0; s < LM_STATES; s++) {
            int64_t row = t * LM_STATES + s;
            s_prev[s] = S[LM_AT(row, b, j)];
            s_next[s] = raw ? raw[LM_AT(row, b, j)] : S[LM_AT(row + LM_STATES, b, j)];
            if (raw) {
                LM_REAL share = lm_zone_share(zones, s, row * B + b, H, j);
                held[s] = share * d[s];
                d[s] = (1 - share) * d[s];
            }
        }
        for (int r = 0; r < LM_CACHED; r++)
            k[r] = K[LM_GATE(t, b, LM_CACHED, r, j)];
        for (int r = 0; r < LM_ROW_PARAMS; r++) {
            q[r] = p[r * H + j];
            dq[r] = dp[LM_GATE(0, b, LM_ROW_PARAMS, r, j)];
        }
        LM_T(LM_CAT(LM_CELL, _backward))(1, 1, d, s_prev, s_next, k, q, dx, du, dq);
        for (int r = 0; r < LM_ROW_PARAMS; r++)
            dp[LM_GATE(0, b, LM_ROW_PARAMS, r, j)] = dq[r];
    }
    for (int s = 0; s < LM_STATES; s++)
        ds[LM_AT(s, b, j)] = is_on && raw ? d[s] + held[s] : d[s];
    for (int g = 0; g < LM_GATES_W; g++)
        dwx[LM_GATE(t, b, LM_GATES_W, g, j)] = is_on ? dx[g] : 0;
    if (!LM_EARLY)
        for (int g = 0; g < LM_GATES_U; g++)
            duh[LM_GATE(t, b, LM_GATES_U, g, j)] = is_on ? du[g] : 0;
}

#endif
