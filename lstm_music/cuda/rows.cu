/* A step of every cell whose units do not look at one another: one thread a unit of a batch row. */
#include "device.h"
#include "unit.h"

LM_KERNEL rows_forward(LM_FORWARD_ARGUMENTS) {
    int64_t place = lm_place(), b = place / H, j = place % H;
    if (b >= B)
        return;
    LM_REAL sums[LM_SOME(LM_GATES_U)] = {0};
    if (!LM_EARLY)
        for (int g = 0; g < LM_GATES_U; g++)
            sums[g] = uh[LM_GATE(0, b, LM_GATES_U, g, j)];
    lm_unit_forward(b, j, sums, LM_FORWARD_PASSED);
}

LM_KERNEL rows_backward(LM_BACKWARD_ARGUMENTS) {
    int64_t place = lm_place(), b = place / H, j = place % H;
    if (b < B)
        lm_unit_backward(b, j, LM_BACKWARD_PASSED);
}
