/* The layers around the recurrent stack: what each computes is said in src/c/layers.h. Every sum has
 * an order that sizes alone set, so results are bitwise the same from run to run. */
#include "device.h"
#include "cell_math.h"
#include "random.h"
#include "reduce.h"

/* X[p, d] = the sum over s of E[rows[p, s], d]: one thread an element. */
LM_KERNEL embed_forward(int64_t n, int64_t S, int64_t D, const LM_REAL *E, const int *rows,
                        LM_REAL *X) {
    int64_t place = lm_place(), p = place / D, d = place % D;
    if (p >= n)
        return;
    LM_REAL sum = 0;
    for (int64_t s = 0; s < S; s++)
        sum += E[rows[p * S + s] * D + d];
    X[place] = sum;
}

/* y[p] = h[p] + x[p] of the rows p that move; the others keep theirs: one thread an element. */
LM_KERNEL add_residual(int64_t n, int64_t H, const int *moves, const LM_REAL *h, const LM_REAL *x,
                       LM_REAL *y) {
    int64_t place = lm_place(), p = place / H;
    if (p < n && moves[p])
        y[place] = h[place] + x[place];
}

/* rows (N,) as keys row N + place, which sorting brings into the order of rows, then places. */
LM_KERNEL embed_keys(int64_t N, const int *rows, int64_t *keys) {
    int64_t place = lm_place();
    if (place < N)
        keys[place] = (int64_t)rows[place] * N + place;
}

/* The first of N sorted keys that is not below `wanted`. */
static __device__ int64_t lm_first_key(int64_t N, const int64_t *keys, int64_t wanted) {
    int64_t low = 0, high = N;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (keys[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* dE[row, d] += the dX[p, d] of every place p that named the row. Grid (row, columns / 32), block
 * (32 columns, 8 lanes): a lane adds every eighth place, and the lanes are added in their order. */
LM_KERNEL embed_backward(int64_t N, int64_t S, int64_t D, const LM_REAL *dX, const int64_t *keys,
                         LM_REAL *dE) {
    __shared__ LM_REAL parts[8][32];
    const int64_t row = blockIdx.x, d = (int64_t)blockIdx.y * 32 + threadIdx.x;
    const int64_t first = lm_first_key(N, keys, row * N);
    const int64_t last = lm_first_key(N, keys, row * N + N);
    if (first == last) /* for all threads of the block */
        return;
    LM_REAL sum = 0;
    if (d < D)
        for (int64_t i = first + threadIdx.y; i < last; i += 8)
            sum += dX[keys[i] % N / S * D + d];
    parts[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y || d >= D)
        return;
    for (int lane = 1; lane < 8; lane++)
        sum += parts[lane][threadIdx.x];
    dE[row * D + d] += sum;
}

/* sums[c] += the rows of x (n, N). Grid columns / 32, block (32 columns, 8 lanes). */
LM_KERNEL add_rows(int64_t n, int64_t N, const LM_REAL *x, LM_REAL *sums) {
    __shared__ LM_REAL parts[8][32];
    const int64_t c = (int64_t)blockIdx.x * 32 + threadIdx.x;
    LM_REAL sum = 0;
    if (c < N)
        for (int64_t r = threadIdx.y; r < n; r += 8)
            sum += x[r * N + c];
    parts[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y || c >= N)
        return;
    for (int lane = 1; lane < 8; lane++)
        sum += parts[lane][threadIdx.x];
    sums[c] += sum;
}

/* exp(x) of x <= 0, as src/c/layers_impl.inc has it: NaN stays NaN. */
static __device__ LM_REAL lm_exp(LM_REAL x) {
    LM_REAL s, least = sizeof(LM_REAL) == 4 ? -87 : -708;
    x = x < least ? least : x;
    LM_REAL q = LM_T(lm_exp_parts)(x, &s);
    return s * (1 + q);
}

/* One block a place. The logits become scale (softmax(x + bias) - onehot); nll in nats. */
LM_KERNEL cross_entropy(int64_t V, LM_REAL *x, const LM_REAL *bias, const int *targets,
                        LM_REAL scale, double *nll) {
    const int64_t p = blockIdx.x;
    const int target = targets[p];
    x += p * V;
    if (target < 0) {
        for (int64_t j = threadIdx.x; j < V; j += blockDim.x)
            x[j] = 0;
        if (threadIdx.x == 0)
            nll[p] = 0;
        return;
    }
    LM_REAL top = -(LM_REAL)1e30, sum = 0;
    const double at_target = (double)(x[target] + bias[target]);
    __syncthreads();
    for (int64_t j = threadIdx.x; j < V; j += blockDim.x) {
        x[j] += bias[j];
        top = x[j] > top ? x[j] : top;
    }
    top = lm_block_max(top);
    for (int64_t j = threadIdx.x; j < V; j += blockDim.x) {
        x[j] = lm_exp(x[j] - top);
        sum += x[j];
    }
    sum = lm_block_sum(sum);
    const LM_REAL factor = scale / sum;
    for (int64_t j = threadIdx.x; j < V; j += blockDim.x)
        x[j] = x[j] * factor - (j == target ? scale : 0);
    if (threadIdx.x == 0)
        nll[p] = log((double)sum) + ((double)top - at_target);
}

LM_KERNEL dropout(int64_t n, LM_REAL *x, uint64_t key, uint32_t stream, uint32_t threshold,
                  LM_REAL scale) {
    int64_t e = lm_place();
    if (e < n)
        x[e] *= lm_word_of(key, stream, (uint64_t)e) < threshold ? (LM_REAL)0 : scale;
}

/* One part a block of what is to be added up: so the parts of a size are always the same. */
LM_KERNEL square_parts(int64_t n, const LM_REAL *x, double *parts) {
    double sum = 0;
    for (int64_t i = lm_place(); i < n; i += (int64_t)gridDim.x * blockDim.x)
        sum += (double)x[i] * (double)x[i];
    sum = lm_block_sum(sum);
    if (threadIdx.x == 0)
        parts[blockIdx.x] = sum;
}
