/* A barrier for blocks that all run at once: a cooperative launch. It gives up, rather than hang, if
 * one of them does not come. */
#ifndef LM_BARRIER_H
#define LM_BARRIER_H

/* Every block that counts at `arrived` waits until it has counted to `wanted`, for `most` looks at most.
 * False, for all threads of the block, when it gave up or another did; `fault` is 1 then. What blocks
 * wrote before, all can read after. */
static __device__ bool lm_all_arrive(unsigned *arrived, unsigned wanted, int *fault, unsigned most) {
    __shared__ int gave_up;
    __syncthreads();
    if (lm_thread() == 0) {
        gave_up = 0;
        __threadfence();
        atomicAdd(arrived, 1u);
        unsigned looks = 0;
        while (*(volatile unsigned *)arrived < wanted && !gave_up) {
            gave_up = ++looks > most || *(volatile int *)fault;
            __nanosleep(20);
        }
        if (gave_up)
            *(volatile int *)fault = 1;
        __threadfence();
    }
    __syncthreads();
    bool goes_on = !gave_up;
    __syncthreads();
    return goes_on;
}

#endif
