/* Matrix products on packed panels: C[M,N] = init + A[M,K] B[K,N], row-major.
 *
 * B is packed once (lm_pack) and used for many A: the recurrent weights for every time step, a
 * weight matrix for every thread's share of rows. A is copied block by block into scratch.
 *
 * Every element of C is one chain of sums: init, then rising k. So results are bitwise equal for
 * any split of the rows, of the columns or of k. The multiply-adds are fused where the
 * level has them (setup.py compiles gemm_*.c with -ffp-contract=fast): v3 and v4 agree bit for
 * bit, base rounds differently.
 *
 * Level bf16 multiplies floats in bfloat16, the upper half of a float: A and B are rounded to it,
 * to the nearest, ties to even, when they are copied and packed; sums are float. Two k that follow
 * one another stand in one word of 32 bits, and one instruction adds both their products, that of
 * the odd k first, each sum rounded; what is below the smallest normal float counts as zero. So a
 * split of k must be at an even one.
 *
 * Level amx multiplies in bfloat16, too, 32 k at a time: the products of the even k are summed up, those
 * of the odd ones as well, and both sums together are added to the element. So a split of k must
 * be at a multiple of 32. lstm_music/reference/products.py is the definition of both.
 */
#ifndef LM_GEMM_H
#define LM_GEMM_H

#include <stddef.h>

enum {
    LM_KC = 512,          /* depth of a block of A whose k are contiguous in the source */
    LM_KC_T = 256,        /* of one whose rows are: a strip of it touches a cache line a k */
    LM_MC = 112,          /* rows of a block of A: with a panel of B it fits the L2 cache */
    LM_KP = LM_KC + 16,   /* pitch of its rows; a power of two would crowd them into few sets */
    LM_MP = LM_MC + 16,   /* pitch of a block whose rows are contiguous in the source */
    LM_A_SCRATCH = LM_KC_T * LM_MP > LM_MC * LM_KP ? LM_KC_T * LM_MP : LM_MC * LM_KP,
    LM_STRIPS = 8         /* strips of a block from which on the next panel is fetched early */
};

/* One function set per element type; real = float or double.
 *
 * panel: columns side by side in a packed matrix. deep: how many k a word holds, 1 or 2; a word is
 *   as large as a number. unit: what K is filled up to a multiple of. chains: see peak.
 *
 * pack(K, N, b, k_stride, n_stride, packed, k0, K_total):
 *   b        in:  element (k, n) at b[k k_stride + n n_stride]; one stride is 1
 *   packed   out: ceil(N / panel) panels of [ceil(K_total / unit) unit / deep][panel] words, zero where n >= N
 *                 or k >= K_total; rows k0..k0+K of them are written; 64-byte aligned is fastest
 *
 * run(M, N, K, a, m_stride, k_stride, packed, c, c_stride, init, init_stride, scratch):
 *   a        in:  element (m, k) at a[m m_stride + k k_stride]; one stride is 1
 *   packed   in:  K_total = K
 *   c        out: row m at c + m c_stride; overlaps neither a nor packed
 *   init     in:  row m at init + m init_stride; c itself accumulates, stride 0 adds a bias row,
 *                 NULL means zero; anything else may not overlap c
 *   scratch  LM_A_SCRATCH elements, the caller's alone
 *
 * peak(n): n rounds of `chains` multiply-adds of one vector of words each, in registers alone: what
 *   the level could do at best, for benchmarks. Returns a sum that depends on all of them.
 */
#define LM_GEMM_OF(real)                                                                       \
    struct {                                                                                   \
        ptrdiff_t panel, deep, unit, chains;                                                   \
        void (*pack)(ptrdiff_t K, ptrdiff_t N, const real *b, ptrdiff_t k_stride,              \
                     ptrdiff_t n_stride, real *packed, ptrdiff_t k0, ptrdiff_t K_total);       \
        void (*run)(ptrdiff_t M, ptrdiff_t N, ptrdiff_t K, const real *a, ptrdiff_t m_stride,  \
                    ptrdiff_t k_stride, const real *packed, real *c, ptrdiff_t c_stride,       \
                    const real *init, ptrdiff_t init_stride, real *scratch);                   \
        real (*peak)(ptrdiff_t n);                                                             \
    }

typedef LM_GEMM_OF(float) lm_gemm_f32;
typedef LM_GEMM_OF(double) lm_gemm_f64;

typedef struct {
    lm_gemm_f32 f32;
    lm_gemm_f64 f64;
} lm_gemm;

const lm_gemm *lm_gemm_of(int level);

#endif
