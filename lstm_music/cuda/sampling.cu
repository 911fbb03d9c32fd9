/* Draws a token a stream: what src/lstm_music/kernels/sampler.pyx does for settings that need no
 * history. One block a stream; the weights are made by all threads, the choice by the first, in the
 * order that the CPU has, so that the same logits and random number give the same token. */
#include "device.h"
#include "random.h"
#include "reduce.h"

struct lm_choice {
    double weight;
    int token;
};

#define LM_LEAST 1e-9
#define LM_FAR (-20.8)

/* Heavier first; equal weights by token. */
static __device__ bool lm_before(lm_choice a, lm_choice b) {
    return a.weight > b.weight || (a.weight == b.weight && a.token < b.token);
}

static __device__ void lm_sift(lm_choice *heap, int n, int at) {
    lm_choice moving = heap[at];
    for (int child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && lm_before(heap[child + 1], heap[child]))
            child++;
        if (lm_before(moving, heap[child]))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moving;
}

/* Bring the heaviest to the front: `most` at most, or until they hold `enough`; what they hold. */
static __device__ double lm_heaviest(lm_choice *choices, int n, int most, double enough,
                                     int *kept) {
    double mass = 0;
    for (int i = n / 2 - 1; i >= 0; i--)
        lm_sift(choices, n, i);
    for (*kept = 0; *kept < most && mass < enough; (*kept)++) {
        int left = n - *kept;
        lm_choice top = choices[0];
        choices[0] = choices[left - 1];
        lm_sift(choices, left - 1, 0);
        choices[left - 1] = top;
        mass += top.weight;
    }
    for (int i = 0; i < *kept && i < n / 2; i++) {
        lm_choice other = choices[i];
        choices[i] = choices[n - 1 - i];
        choices[n - 1 - i] = other;
    }
    return mass;
}

/* A number in [0, 1) from 53 bits. */
static __device__ double lm_uniform(uint64_t key, uint64_t sequence, uint64_t index) {
    lm_words x = {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)sequence,
                  (uint32_t)(sequence >> 32)};
    x = lm_philox_words(key, x);
    return (double)(((uint64_t)x.x0 << 21) ^ ((uint64_t)x.x1 >> 11)) * (1.0 / 9007199254740992.0);
}

/* logits (N, V) without `bias` (V,); allowed (N, V); choices (N, V) room.
 * tokens (N,): -1 where nothing can be drawn, and -2 where a stream has stopped, which stays so; a
 * stream stops when it draws `stop`, and when nothing can be drawn. rows (N,): the tokens again, as
 * the next inputs of a model whose inputs are its tokens; 0 where there is none. log_probs (N,) of
 * the tokens, under the model. indices (N,): which random number of its sequence is next; += 1. */
LM_KERNEL draw(int64_t V, const LM_REAL *logits, const LM_REAL *bias, const unsigned char *allowed,
               lm_choice *choices, double temperature, int top_k,
               double top_p, double min_p, uint64_t key, const uint64_t *sequences,
               uint64_t *indices, int stop, int *stopped, int *tokens, int *rows,
               double *log_probs) {
    const int64_t stream = blockIdx.x;
    logits += stream * V;
    allowed += stream * V;
    choices += stream * V;
    double top = -1e300, total = 0;
    for (int64_t i = threadIdx.x; i < V; i += blockDim.x) {
        double x = (double)(float)(logits[i] + bias[i]);
        if (allowed[i] && x > top)
            top = x;
    }
    top = lm_block_max(top);
    for (int64_t i = threadIdx.x; i < V; i += blockDim.x) {
        double x = (double)(float)(logits[i] + bias[i]) - top, cold = x / temperature;
        choices[i].token = allowed[i] && cold > LM_FAR ? (int)i : -1;
        choices[i].weight = choices[i].token < 0 ? 0 : exp(cold);
        if (allowed[i] && x > LM_FAR)
            total += exp(x);
    }
    total = lm_block_sum(total);
    if (threadIdx.x)
        return;
    const bool can_draw = !stopped[stream] && top > -1e300 && top < 1e300;
    tokens[stream] = stopped[stream] ? -2 : -1;
    rows[stream] = 0;
    log_probs[stream] = 0;
    if (!can_draw) {
        stopped[stream] = 1;
        return;
    }
    double mass = 0;
    int n = 0;
    for (int64_t i = 0; i < V; i++)
        if (choices[i].token >= 0 && choices[i].weight >= LM_LEAST && choices[i].weight >= min_p) {
            mass += choices[i].weight;
            choices[n++] = choices[i];
        }
    if (0 < top_k && top_k < n)
        mass = lm_heaviest(choices, n, top_k, mass, &n);
    if (top_p < 1)
        mass = lm_heaviest(choices, n, n, top_p * mass, &n);
    double u = lm_uniform(key, sequences[stream], indices[stream]++) * mass;
    int chosen = 0;
    for (; chosen < n - 1; chosen++) {
        u -= choices[chosen].weight;
        if (u < 0)
            break;
    }
    const int token = choices[chosen].token;
    tokens[stream] = rows[stream] = token;
    log_probs[stream] = (double)(float)(logits[token] + bias[token]) - top - log(total);
    if (token == stop)
        stopped[stream] = 1;
}
