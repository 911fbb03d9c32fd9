/* Matrix times one vector, y = init + W x, for generation: the weights are read once a token, so
 * the speed is that of the memory they stand in. W is packed once into panels that are read from
 * end to end.
 * Every y[n] is one chain over rising k. The multiply-adds are fused where the level has them, as
 * in gemm.h: v3 and v4 agree bit for bit.
 *
 * pack(N, K, W, packed)
 *   W       in:  [N][K]
 *   packed  out: ceil(N / panel) panels of [K][panel], zero where n >= N; 64-byte aligned
 *
 * run(N, K, packed, x, init, y)
 *   x     in:  [K]
 *   init  in:  [N]; may be y
 *   y     out: [N]; may not overlap x
 */
#ifndef LM_MATVEC_H
#define LM_MATVEC_H

#include <stddef.h>

typedef struct {
    ptrdiff_t panel;
    void (*pack)(ptrdiff_t N, ptrdiff_t K, const float *W, float *packed);
    void (*run)(ptrdiff_t N, ptrdiff_t K, const float *packed, const float *x, const float *init,
                float *y);
} lm_matvec;

const lm_matvec *lm_matvec_of(int level);

#endif
