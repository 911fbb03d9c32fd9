/* What the CPU's own sources (src/c) need to compile as device code for one element type.
 *
 * Set from outside: LM_DOUBLE for float64. Every function without a mark is device code
 * (--device-as-default-execution-space), and nothing is fused but where LM_MAD says so
 * (--fmad=false), so that the rows round as on a CPU with fused multiply-add. */
#ifndef LM_DEVICE_H
#define LM_DEVICE_H

#ifdef __CUDACC_RTC__
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
#endif

#define LM_CUDA
#define LM_CAT_(a, b) a##b
#define LM_CAT(a, b) LM_CAT_(a, b)

#ifdef LM_DOUBLE
#define LM_REAL double
#define LM_T(name) LM_CAT(name, _f64)
#define LM_SQRT sqrt
#else
#define LM_REAL float
#define LM_T(name) LM_CAT(name, _f32)
#define LM_SQRT sqrtf
#endif

#define LM_KERNEL extern "C" __global__ void

/* The shared memory whose size the launch sets. */
#ifndef LM_DYNAMIC_SHARED
#define LM_DYNAMIC_SHARED(type, name)                                                          \
    extern __shared__ __align__(32) unsigned char lm_dynamic[];                                \
    type *name = (type *)lm_dynamic
#endif

/* The place of this thread in a grid of one dimension. */
static inline __device__ int64_t lm_place() {
    return (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
}

#endif
