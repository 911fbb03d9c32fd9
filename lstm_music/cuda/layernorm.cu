/* A step of layernorm-lstm: src/c/rows_layernorm.inc with one block a batch row, since each sum is
 * over all units. LM_H_LINEAR: h = o N(c) without tanh. The unit j of every pass is the same
 * thread's, so that only the sums need barriers. */
#include "device.h"
#include "cell_math.h"
#include "random.h"
#include "reduce.h"
#include "zoneout.h"
#include "step_arrays.h"

#define LM_UNITS(j) (int64_t j = threadIdx.x; j < H; j += blockDim.x)

struct lm_norm {
    LM_REAL mean, factor;
};

/* N(a) = (a - mean) factor, over a[H]. */
static __device__ lm_norm lm_norm_of(int64_t H, const LM_REAL *a) {
    LM_REAL sum = 0, squares = 0;
    for LM_UNITS (j)
        sum += a[j];
    lm_norm norm;
    norm.mean = lm_block_sum(sum) / H;
    for LM_UNITS (j)
        squares += (a[j] - norm.mean) * (a[j] - norm.mean);
    norm.factor = 1 / LM_SQRT(lm_block_sum(squares) / H + (LM_REAL)1e-5);
    return norm;
}

/* d[H] in: dLoss / d (gain N(a) + shift), out: dLoss / d a; d_gain, d_shift += . */
static __device__ void lm_norm_back(int64_t H, const LM_REAL *a, const LM_REAL *gain, LM_REAL *d,
                                    LM_REAL *d_gain, LM_REAL *d_shift) {
    lm_norm norm = lm_norm_of(H, a);
    LM_REAL sum = 0, products = 0;
    for LM_UNITS (j) {
        d_gain[j] += d[j] * ((a[j] - norm.mean) * norm.factor);
        d_shift[j] += d[j];
        d[j] *= gain[j];
        sum += d[j];
    }
    LM_REAL d_mean = lm_block_sum(sum) / H;
    for LM_UNITS (j)
        products += (d[j] - d_mean) * (a[j] - norm.mean);
    LM_REAL along = lm_block_sum(products) / H * norm.factor;
    for LM_UNITS (j)
        d[j] = norm.factor * (d[j] - d_mean - (a[j] - norm.mean) * norm.factor * along);
}

LM_KERNEL rows_forward(LM_FORWARD_ARGUMENTS) {
    const int64_t b = blockIdx.x;
    if (t >= lengths[b]) {
        for LM_UNITS (j)
            for (int s = 0; s < 2; s++)
                S[LM_AT((t + 1) * 2 + s, b, j)] = S[LM_AT(t * 2 + s, b, j)];
        return;
    }
    LM_REAL *k = K + LM_GATE(t, b, 8, 0, 0), *next = raw ? raw : S;
    const int64_t first = raw ? t * 2 : t * 2 + 2;
    const LM_REAL *c_prev = S + LM_AT(t * 2 + 1, b, 0);
    LM_REAL *h = next + LM_AT(first, b, 0), *c = next + LM_AT(first + 1, b, 0);
    for (int q = 0; q < 4; q++) {
        LM_REAL *sums = k + (4 + q) * H;
        for LM_UNITS (j)
            sums[j] = wx[LM_GATE(t, b, 4, q, j)] + bias[q * H + j];
        lm_norm norm = lm_norm_of(H, sums);
        for LM_UNITS (j) {
            LM_REAL y = p[q * H + j] * ((sums[j] - norm.mean) * norm.factor) + p[(4 + q) * H + j];
            k[q * H + j] = q == 2 ? LM_T(lm_tanh)(y) : LM_T(lm_sigmoid)(y);
        }
    }
    for LM_UNITS (j)
        c[j] = k[H + j] * c_prev[j] + k[j] * k[2 * H + j];
    lm_norm norm = lm_norm_of(H, c);
    lm_zones zones = {rates, key, stream, masked};
    for LM_UNITS (j) {
        LM_REAL y = p[8 * H + j] * ((c[j] - norm.mean) * norm.factor) + p[9 * H + j];
        h[j] = k[3 * H + j] * (LM_H_LINEAR ? y : LM_T(lm_tanh)(y));
        if (raw)
            for (int s = 0; s < 2; s++) {
                LM_REAL share = lm_zone_share(zones, s, (t * 2 + s) * B + b, H, j);
                S[LM_AT(t * 2 + 2 + s, b, j)] =
                    share * S[LM_AT(t * 2 + s, b, j)] + (1 - share) * (s ? c : h)[j];
            }
    }
}

LM_KERNEL rows_backward(LM_BACKWARD_ARGUMENTS) {
    const int64_t b = blockIdx.x;
    LM_REAL *dh = ds + LM_AT(0, b, 0), *dc = ds + LM_AT(1, b, 0);
    LM_REAL *dx = dwx + LM_GATE(t, b, 4, 0, 0), *dq = dp + LM_GATE(0, b, 10, 0, 0);
    for LM_UNITS (j)
        dh[j] += dY[LM_AT(t, b, j)];
    if (t >= lengths[b]) {
        for (int64_t j = threadIdx.x; j < 4 * H; j += blockDim.x)
            dx[j] = 0;
        return;
    }
    const LM_REAL *k = K + LM_GATE(t, b, 8, 0, 0), *c_prev = S + LM_AT(t * 2 + 1, b, 0);
    const LM_REAL *c = raw ? raw + LM_AT(t * 2 + 1, b, 0) : S + LM_AT(t * 2 + 3, b, 0);
    lm_zones zones = {rates, key, stream, masked};
    LM_REAL *d_out = dx + 2 * H; /* free until the gradients of the gates are made */
    lm_norm norm = lm_norm_of(H, c);
    for LM_UNITS (j) {
        LM_REAL o = k[3 * H + j], d = dh[j];
        if (raw)
            d = (1 - lm_zone_share(zones, 0, t * 2 * B + b, H, j)) * d;
        LM_REAL out = p[8 * H + j] * ((c[j] - norm.mean) * norm.factor) + p[9 * H + j];
        out = LM_H_LINEAR ? out : LM_T(lm_tanh)(out);
        dx[3 * H + j] = d * out * LM_T(lm_d_sigmoid)(o);
        d_out[j] = d * o * (LM_H_LINEAR ? 1 : LM_T(lm_d_tanh)(out));
    }
    lm_norm_back(H, c, p + 8 * H, d_out, dq + 8 * H, dq + 9 * H);
    for LM_UNITS (j) {
        LM_REAL i = k[j], f = k[H + j], g = k[2 * H + j], d = dc[j], held = 0, held_h = 0;
        if (raw) {
            LM_REAL share = lm_zone_share(zones, 1, (t * 2 + 1) * B + b, H, j);
            held = share * d;
            d = (1 - share) * d;
            held_h = lm_zone_share(zones, 0, t * 2 * B + b, H, j) * dh[j];
        }
        d += d_out[j];
        dx[j] = d * g * LM_T(lm_d_sigmoid)(i);
        dx[H + j] = d * c_prev[j] * LM_T(lm_d_sigmoid)(f);
        dx[2 * H + j] = d * i * LM_T(lm_d_tanh)(g);
        dc[j] = d * f + held;
        dh[j] = held_h;
    }
    for (int q = 0; q < 4; q++)
        lm_norm_back(H, k + (4 + q) * H, p + q * H, dx + q * H, dq + q * H, dq + (4 + q) * H);
}
