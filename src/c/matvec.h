/* Matrix times one vector or a few, y = init + W x, for generation: the weights are read once for
 * all of them, so with one vector the speed is that of the memory they stand in. W is packed once,
 * as it is or rounded to bfloat16 (the upper half of a float), into panels read from end to end.
 * Every y[n] is one chain: init, then rising k. So the number of vectors changes no bit; v3 and v4
 * agree, as in gemm.h.
 *
 * pack(N, K, W, packed)
 *   W       in:  [N][K]
 *   packed  out: ceil(N / panel) panels of K x panel weights, zero where n >= N; 64-byte aligned
 *
 * run(M, N, K, packed, vectors)
 *   vectors  [M]: x in: [K]; init in: [N], may be y, NULL means zero; y out: [N]. No y may overlap
 *            an x, or another vector's init or y.
 */
#ifndef LM_MATVEC_H
#define LM_MATVEC_H

#include <stddef.h>

typedef struct {
    const float *x;
    const float *init;
    float *y;
} lm_vector;

typedef struct {
    ptrdiff_t panel;
    ptrdiff_t (*size)(ptrdiff_t N, ptrdiff_t K); /* bytes of (N, K), packed; N columns on the next begin */
    void (*pack)(ptrdiff_t N, ptrdiff_t K, const float *W, void *packed);
    void (*run)(int M, ptrdiff_t N, ptrdiff_t K, const void *packed, const lm_vector *vectors);
} lm_matvec;

/* Weights in float32, in bfloat16, or in bytes: w = q scale, q a whole number up to 127 and one scale
 * for each n; x is rounded alike, one scale for each 1,024 k. Those sums are whole numbers, so
 * that processors with an instruction for them (VNNI) give the bits of those without. */
const lm_matvec *lm_matvec_f32_of(int level);
const lm_matvec *lm_matvec_bf16_of(int level);
const lm_matvec *lm_matvec_int8_of(int level);

#endif
