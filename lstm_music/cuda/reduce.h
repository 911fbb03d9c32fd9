/* Sums over the threads of a block, in an order that its size alone sets. The size is a power of
 * two, LM_THREADS at most. */
#ifndef LM_REDUCE_H
#define LM_REDUCE_H

enum { LM_THREADS = 256 };

/* The sum of `x` over the block, for every thread of it. */
template <typename number> static __device__ number lm_block_sum(number x) {
    __shared__ number parts[LM_THREADS];
    parts[threadIdx.x] = x;
    for (unsigned width = blockDim.x / 2; width; width /= 2) {
        __syncthreads();
        if (threadIdx.x < width)
            parts[threadIdx.x] += parts[threadIdx.x + width];
    }
    __syncthreads();
    number sum = parts[0];
    __syncthreads();
    return sum;
}

/* The largest number over the block; NaN loses to any. */
template <typename number> static __device__ number lm_block_max(number x) {
    __shared__ number parts[LM_THREADS];
    parts[threadIdx.x] = x;
    for (unsigned width = blockDim.x / 2; width; width /= 2) {
        __syncthreads();
        if (threadIdx.x < width && !(parts[threadIdx.x] > parts[threadIdx.x + width]))
            parts[threadIdx.x] = parts[threadIdx.x + width];
    }
    __syncthreads();
    number most = parts[0];
    __syncthreads();
    return most;
}

#endif
