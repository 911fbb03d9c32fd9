/* The layers around the recurrent stack, and the optimisers: embedding, softmax with
 * cross-entropy, dropout, one step of a rule. One table per level, reached through lm_layers_of.
 *
 * Activation gradients assign (=), parameter gradients accumulate (+=). Arrays are row-major and
 * contiguous. A thread takes a range of positions, of columns or of elements; whatever the ranges
 * and the level, every element is summed in one order, so results are bitwise equal.
 * The definitions of correct are lstm_music/reference/{embedding,loss,dropout,optim}.py.
 *
 * embed_forward(n, S, D, E, rows, bias, X)      X[p] = bias + sum over s of E[rows[p, s]]
 *   E     in:  [R][D]; every row index is in 0..R-1 (the caller has checked)
 *   rows  in:  [n][S]
 *   bias  in:  [D]; NULL for none
 *   X     out: [n][D]
 *
 * embed_backward(n, S, D, d0, d1, dX, rows, dE) dE[rows[p, s], d0:d1] += dX[p, d0:d1], p rising
 *   dX    in:  [n][D]
 *   dE    +=:  [R][D], only columns d0..d1-1
 *
 * cross_entropy(n, V, x, bias, targets, scale, nll)
 *   x        in:  [n][V] logits without bias
 *            out: scale (softmax(x + bias) - one_hot(target)); zeros where target < 0
 *   bias     in:  [V]
 *   targets  in:  [n], below V; negative: no loss here
 *   nll      out: [n] -log softmax(x + bias)[target] in nats; 0 where target < 0
 *
 * dropout(e0, e1, x, key, stream, threshold, scale)
 *   x[e] *= scale, or 0 where the random word of element e is below threshold; e0..e1-1.
 *   e0 is a multiple of LM_DROPOUT_BLOCK. Block e / 64 has the 16 Philox4x32-10 outputs with
 *   counters (16 block + c, stream, 0), c = 0..15; word w of output c belongs to element 16 w + c.
 *
 * zone_forward(H, zone, row, s_prev, s_next, s)   s = m s_prev + (1 - m) s_next
 * zone_backward(H, zone, row, ds, held)           held = m ds, ds = (1 - m) ds
 *   zoneout of one state of one batch row of one step: m, in 0..1, is the share of its old value
 *   that a unit keeps. With zone->masked it is 1 where the random word of a unit is below
 *   zone->threshold, else 0; without, it is zone->rate for all. Nothing of a product is dropped, so
 *   NaN passes.
 *   row     in:  which row of words: the H words of a row start block `row * ceil(H / 64)` of 64,
 *                laid out as those of dropout
 *   s_prev, s_next  in: [H];  s out: [H], may be either
 *   ds      in, out: [H];  held out: [H]
 *
 * sum_squares(n, x)  in float64, in one fixed order for a given n
 *
 * update[rule](n, w, g, m, v, a)  one step; the gradient is a->g_scale g + a->l2 w
 *   w     in, out: [n] parameters
 *   g     in:      [n]
 *   m, v  in, out: [n] what the rule remembers; LM_SGD does not touch v
 */
#ifndef LM_LAYERS_H
#define LM_LAYERS_H

#include <stddef.h>
#include <stdint.h>

enum { LM_DROPOUT_BLOCK = 64 };

enum { LM_SGD, LM_RMSPROP, LM_RPROP, LM_ADAM, LM_N_RULES };

typedef struct {
    double g_scale;                    /* clipping */
    double l2;                         /* of the penalty l2/2 |w|^2 */
    double rate;                       /* learning rate; Adam: over 1 - beta1^t */
    double momentum;                   /* sgd, rmsprop; Adam: beta1 */
    double decay;                      /* of the mean square: rmsprop; Adam: beta2 */
    double epsilon;                    /* rmsprop, adam */
    double v_scale;                    /* adam: 1 / sqrt(1 - beta2^t) */
    double shrink, grow, least, most;  /* rprop: factors of a step, and its bounds */
} lm_update;

typedef struct {
    double rate;        /* 0 <= rate < 1 */
    uint64_t key;
    uint32_t stream;
    uint32_t threshold; /* 2^32 rate */
    int masked;
} lm_zone;

#define LM_LAYERS_OF(real)                                                                     \
    struct {                                                                                   \
        void (*embed_forward)(ptrdiff_t n, ptrdiff_t S, ptrdiff_t D, const real *E,            \
                              const int32_t *rows, const real *bias, real *X);                 \
        void (*embed_backward)(ptrdiff_t n, ptrdiff_t S, ptrdiff_t D, ptrdiff_t d0,            \
                               ptrdiff_t d1, const real *dX, const int32_t *rows, real *dE);   \
        void (*cross_entropy)(ptrdiff_t n, ptrdiff_t V, real *x, const real *bias,             \
                              const int32_t *targets, real scale, double *nll);                \
        void (*dropout)(ptrdiff_t e0, ptrdiff_t e1, real *x, uint64_t key, uint32_t stream,    \
                        uint32_t threshold, real scale);                                       \
        void (*zone_forward)(ptrdiff_t H, const lm_zone *zone, uint64_t row,                   \
                             const real *s_prev, const real *s_next, real *s);                 \
        void (*zone_backward)(ptrdiff_t H, const lm_zone *zone, uint64_t row, real *ds,        \
                              real *held);                                                     \
        double (*sum_squares)(ptrdiff_t n, const real *x);                                     \
        void (*update[LM_N_RULES])(ptrdiff_t n, real *w, const real *g, real *m, real *v,      \
                                   const lm_update *a);                                        \
    }

typedef struct {
    LM_LAYERS_OF(float) f32;
    LM_LAYERS_OF(double) f64;
} lm_layers;

const lm_layers *lm_layers_of(int level);

#endif
