/* All that differs between compilers. gcc and clang (clang-cl, too) have vector types; for any
 * other compiler, or with LM_PLAIN_C, a "vector" is one number, and the same sources are plain C:
 * slower, with the same results as `base` wherever nothing fuses. */
#ifndef LM_COMPILER_H
#define LM_COMPILER_H

#define LM_PRAGMA(text) _Pragma(#text)

#if defined(LM_CUDA) /* device code: lstm_music/cuda/device.h */

#define LM_INLINE static __forceinline__
#define LM_NOINLINE static __forceinline__
#define LM_FUSED
#define restrict __restrict__

#elif (defined(__GNUC__) || defined(__clang__)) && !defined(LM_PLAIN_C)

#define LM_VECTORS
#define LM_INLINE static inline __attribute__((always_inline))
#define LM_NOINLINE static __attribute__((noinline))
#define LM_UNROLL(n) LM_PRAGMA(GCC unroll n)
#define LM_PREFETCH(address) __builtin_prefetch(address)
#define LM_PREFETCH_FAR(address) __builtin_prefetch(address, 0, 2) /* second-level cache */
#define LM_PREFETCH_WRITE(address) __builtin_prefetch(address, 1)

/* `type name` is a vector of LM_BYTES bytes. Loads and stores need no alignment. */
#define LM_VECTOR(type, name)                                                                  \
    typedef type name __attribute__((vector_size(LM_BYTES), aligned(sizeof(type)), may_alias))
#define LM_LANE(vector, lane) ((vector)[lane])
#define LM_CONVERT(vector, type) __builtin_convertvector(vector, type)

#else

#if defined(_MSC_VER)
#define LM_INLINE static __forceinline
#define LM_NOINLINE static __declspec(noinline)
#if !defined(__clang__)
#define restrict __restrict
#endif
#else
#define LM_INLINE static inline
#define LM_NOINLINE static
#endif
#define LM_UNROLL(n)
#define LM_PREFETCH(address) ((void)0)
#define LM_PREFETCH_FAR(address) ((void)0)
#define LM_PREFETCH_WRITE(address) ((void)0)
#define LM_VECTOR(type, name) typedef type name
#define LM_LANE(vector, lane) (vector)
#define LM_CONVERT(vector, type) ((type)(vector))

#endif

/* The next loop's rounds do not depend on one another, whatever its pointers look like. */
#if defined(LM_CUDA)
#define LM_INDEPENDENT
#elif defined(__clang__)
#define LM_INDEPENDENT LM_PRAGMA(clang loop vectorize(assume_safety))
#elif defined(__GNUC__)
#define LM_INDEPENDENT LM_PRAGMA(GCC ivdep)
#elif defined(_MSC_VER)
#define LM_INDEPENDENT __pragma(loop(ivdep))
#else
#define LM_INDEPENDENT
#endif

/* Vector registers of the base level: NEON has twice as many as SSE2. */
#if defined(__aarch64__)
#define LM_BASE_REGISTERS 32
#else
#define LM_BASE_REGISTERS 16
#endif

/* The level has a fused multiply-add. */
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define LM_FUSED
#endif

#endif
