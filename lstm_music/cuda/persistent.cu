/* A whole sequence in one cooperative launch, for a cell that is fed h alone and whose units do not
 * look at one another. A block keeps its share of U in shared memory and has 16 units of 16 batch rows
 * for all steps; the blocks of the same rows wait for one another after each step.
 *
 *   T        steps;  t is where the first one is
 *   arrived  (grid y,) 0: counts the blocks of these rows
 *   fault    (1,) becomes 1 when a block waited in vain: nothing computed is of use then
 *   most     looks at a barrier before that
 */
#include "device.h"
#include "tiles.h"
#include "unit.h"
#include "barrier.h"

#define LM_CONTROL int64_t T, const LM_REAL *U, unsigned *arrived, int *fault, unsigned most

/* H rounded up to whole loads, and the length of a row of shared memory: no two of 8 neighbouring rows
 * begin in the same banks. */
static inline __device__ int lm_deep(int64_t H) { return (int)((H + 31) / 32 * 32); }

LM_KERNEL sequence_forward(LM_CONTROL, LM_FORWARD_ARGUMENTS) {
    typedef lm_tile<LM_GATES_U, LM_SIDE> tile_of;
    LM_DYNAMIC_SHARED(LM_REAL, weights);
    const int64_t b0 = (int64_t)blockIdx.y * LM_SIDE, j0 = (int64_t)blockIdx.x * LM_SIDE;
    const int64_t b = b0 + threadIdx.y, j = j0 + threadIdx.x;
    const int deep = lm_deep(H), row = deep + 4;
    LM_REAL *room = weights + tile_of::COLUMNS * row;
    for (int g = 0; g < LM_GATES_U; g++)
        lm_load_rows(weights + g * LM_SIDE * row, row, LM_SIDE, deep, U + (g * H + j0) * H, H, H - j0,
                     H);
    const int64_t end = t + T;
    for (unsigned step = 1; t < end; t++, step++) {
        tile_of tile;
        lm_load_rows(room, row, LM_SIDE, deep, S + LM_AT(t * LM_STATES, b0, 0), H, B - b0, H);
        __syncthreads();
        tile.add(room, row, weights, row, deep);
        __syncthreads();
        tile.keep(room);
        __syncthreads();
        LM_REAL sums[LM_GATES_U];
        for (int g = 0; g < LM_GATES_U; g++)
            sums[g] = tile_of::total(room, threadIdx.y, g * LM_SIDE + threadIdx.x);
        if (b < B && j < H)
            lm_unit_forward(b, j, sums, LM_FORWARD_PASSED);
        if (!lm_all_arrive(arrived + blockIdx.y, step * gridDim.x, fault, most))
            return;
    }
}

/* Steps t, t - 1, .. of which there are T; also adds what flows through U to ds. */
LM_KERNEL sequence_backward(LM_CONTROL, LM_BACKWARD_ARGUMENTS) {
    typedef lm_tile<4, 4> tile_of;
    LM_DYNAMIC_SHARED(LM_REAL, weights);
    const int64_t b0 = (int64_t)blockIdx.y * LM_SIDE, j0 = (int64_t)blockIdx.x * LM_SIDE;
    const int64_t b = b0 + threadIdx.y, j = j0 + threadIdx.x;
    const int deep = lm_deep(H), row = deep + 4, all = LM_GATES_U * deep + 4;
    const LM_REAL *d_sums = LM_EARLY ? dwx : duh;
    LM_REAL *room = weights + LM_SIDE * all;
    for (int g = 0; g < LM_GATES_U; g++)
        lm_load_columns(weights + g * deep, all, LM_SIDE, deep, U + g * H * H + j0, H, H - j0, H);
    const int64_t end = t - T;
    for (unsigned step = 1; t > end; t--, step++) {
        if (b < B && j < H)
            lm_unit_backward(b, j, LM_BACKWARD_PASSED);
        if (!lm_all_arrive(arrived + blockIdx.y, step * gridDim.x, fault, most))
            return;
        tile_of tile;
        for (int g = 0; g < LM_GATES_U; g++) {
            lm_load_rows(room, row, LM_SIDE, deep, d_sums + LM_GATE(t, b0, LM_GATES_U, g, 0),
                         LM_GATES_U * H, B - b0, H);
            __syncthreads();
            tile.add(room, row, weights + g * deep, all, deep);
            __syncthreads();
        }
        tile.keep(room);
        __syncthreads();
        if (b < B && j < H)
            ds[LM_AT(0, b, j)] += tile_of::total(room, threadIdx.y, threadIdx.x);
    }
}
