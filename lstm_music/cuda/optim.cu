/* The optimisers: src/c/layers_optim.inc, one thread a parameter. LM_RULE is the rule's name. */
#include "device.h"
#include "compiler.h"

typedef struct {
    double g_scale, l2, rate, momentum, decay, epsilon, v_scale, shrink, grow, least, most;
} lm_update;

#include "layers_optim.inc"

LM_KERNEL update(int64_t n, LM_REAL *w, const LM_REAL *g, LM_REAL *m, LM_REAL *v, double g_scale,
                 double l2, double rate, double momentum, double decay, double epsilon,
                 double v_scale, double shrink, double grow, double least, double most) {
    int64_t i = lm_place();
    const lm_update a = {g_scale, l2,     rate, momentum, decay, epsilon,
                         v_scale, shrink, grow, least,    most};
    if (i < n)
        LM_T(LM_RULE)(1, w + i, g + i, m + i, v + i, &a);
}
