/* The one definition of sigmoid, tanh, their derivatives, log sigmoid, and exp below 0.
 *
 * Plain C, one value at a time: the compiler turns a loop over these into vector code. Where a
 * multiply-add is fused is said here, not left to the compiler (-ffp-contract=off), so that the
 * levels that have it agree bit for bit. Mirrors lstm_music/reference/math.py; tests/kernels/test_math.py ties them and
 * holds the errors: at most 3 ulp in float32, relative 1e-15 in float64.
 *
 * Both rest on exp(x) = s (1 + q), s = 2^n, q = expm1(r), r = x - n ln 2, |r| <= ln(2)/2.
 * The polynomials interpolate (expm1(r) - r)/r^2 at Chebyshev nodes: relative error of q 2.5e-8
 * in float32 (5 terms), 4.1e-17 in float64 (10 terms). r is found with ln 2 in two parts, the
 * first short enough that n times it is exact.
 *
 * NaN passes through: each choice is written so that a comparison with NaN keeps it.
 */
#ifndef LM_CELL_MATH_H
#define LM_CELL_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "compiler.h"

/* a b + c; base rounds twice. */
#if defined(LM_CUDA)
#define LM_MAD_f32(a, b, c) fmaf(a, b, c)
#define LM_MAD_f64(a, b, c) fma(a, b, c)
#elif defined(LM_FUSED)
#define LM_MAD_f32(a, b, c) __builtin_fmaf(a, b, c)
#define LM_MAD_f64(a, b, c) __builtin_fma(a, b, c)
#else
#define LM_MAD_f32(a, b, c) ((a) * (b) + (c))
#define LM_MAD_f64(a, b, c) ((a) * (b) + (c))
#endif

/* q as above; *scale = 2^n. x in [-87, 88]; outside, what comes out means nothing. */
LM_INLINE float lm_exp_parts_f32(float x, float *scale) {
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
    float shifted = LM_MAD_f32(x, 1.44269504f, magic);
    float n = shifted - magic;
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (int32_t)(((uint32_t)bits - 0x4B400000u + 127u) << 23);
    memcpy(scale, &bits, sizeof bits);
    float r = LM_MAD_f32(n, 2.12194440e-4f, LM_MAD_f32(n, -0.693359375f, x));
    float c = 0.00139262504f;
    c = LM_MAD_f32(c, r, 0.00836323295f);
    c = LM_MAD_f32(c, r, 0.0416665524f);
    c = LM_MAD_f32(c, r, 0.166665763f);
    c = LM_MAD_f32(c, r, 0.5f);
    return LM_MAD_f32(c, r * r, r);
}

/* The same in float64; x in [-708, 709]. */
LM_INLINE double lm_exp_parts_f64(double x, double *scale) {
    const double magic = 6755399441055744.0; /* 1.5 * 2^52 */
    double shifted = LM_MAD_f64(x, 1.4426950408889634, magic);
    double n = shifted - magic;
    int64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (int64_t)(((uint64_t)bits - 0x4338000000000000u + 1023u) << 52);
    memcpy(scale, &bits, sizeof bits);
    double r = LM_MAD_f64(n, -1.42860682030941723212e-6, LM_MAD_f64(n, -6.93145751953125e-1, x));
    double c = 2.5100472505694996e-08;
    c = LM_MAD_f64(c, r, 2.7620201591031547e-07);
    c = LM_MAD_f64(c, r, 2.7557268276905696e-06);
    c = LM_MAD_f64(c, r, 2.4801521057868204e-05);
    c = LM_MAD_f64(c, r, 0.00019841269863171557);
    c = LM_MAD_f64(c, r, 0.0013888888917367081);
    c = LM_MAD_f64(c, r, 0.008333333333330039);
    c = LM_MAD_f64(c, r, 0.041666666666623824);
    c = LM_MAD_f64(c, r, 0.16666666666666669);
    c = LM_MAD_f64(c, r, 0.5);
    return LM_MAD_f64(c, r * r, r);
}

/* exp(x) for x <= 0; 0 where it is below the smallest normal number. */
LM_INLINE float lm_exp_below_f32(float x) {
    float s, q = lm_exp_parts_f32(x, &s);
    return x < -87.0f ? 0.0f : LM_MAD_f32(s, q, s);
}

LM_INLINE double lm_exp_below_f64(double x) {
    double s, q = lm_exp_parts_f64(x, &s);
    return x < -708.0 ? 0.0 : LM_MAD_f64(s, q, s);
}

/* With e = exp(-|x|), which never overflows: 1 / (1 + e) for x >= 0, e / (1 + e) below. */
LM_INLINE float lm_sigmoid_f32(float x) {
    float e = lm_exp_below_f32(-fabsf(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

LM_INLINE double lm_sigmoid_f64(double x) {
    double e = lm_exp_below_f64(-fabs(x));
    return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

/* log(sigmoid(x)) = min(x, 0) - log(1 + e), e as above. With t = e / (2 + e) <= 1/3 and z = t^2,
 * log(1 + e) = 2 atanh(t) = t (2 + z r); r interpolates at Chebyshev nodes of 0 <= z <= 1/9:
 * relative error of the logarithm 4e-10 in float32 (5 terms), 7e-18 in float64 (10 terms). */
LM_INLINE float lm_log_sigmoid_f32(float x) {
    float e = lm_exp_below_f32(-fabsf(x)), t = e / (2.0f + e), z = t * t;
    float r = 0.232243299f;
    r = LM_MAD_f32(r, z, 0.217065752f);
    r = LM_MAD_f32(r, z, 0.285923570f);
    r = LM_MAD_f32(r, z, 0.399997056f);
    r = LM_MAD_f32(r, z, 0.666666687f);
    return (x < 0.0f ? x : 0.0f) - t * LM_MAD_f32(z, r, 2.0f);
}

LM_INLINE double lm_log_sigmoid_f64(double x) {
    double e = lm_exp_below_f64(-fabs(x)), t = e / (2.0 + e), z = t * t;
    double r = 0.1616404561192542;
    r = LM_MAD_f64(r, z, 0.08800738486152511);
    r = LM_MAD_f64(r, z, 0.12001072809589303);
    r = LM_MAD_f64(r, z, 0.13314144209655074);
    r = LM_MAD_f64(r, z, 0.15385570064958615);
    r = LM_MAD_f64(r, z, 0.18181789436132859);
    r = LM_MAD_f64(r, z, 0.22222222717427864);
    r = LM_MAD_f64(r, z, 0.2857142856710876);
    r = LM_MAD_f64(r, z, 0.40000000000014585);
    r = LM_MAD_f64(r, z, 0.6666666666666666);
    return (x < 0.0 ? x : 0.0) - t * LM_MAD_f64(z, r, 2.0);
}

/* tanh|x| = -e / (2 + e), e = expm1(-2|x|) = s q + (s - 1); the sign is put back at the end.
 * Above 10 (20) the result is 1 in every bit. Small x loses nothing: there s = 1 and e = q. */
LM_INLINE float lm_tanh_f32(float x) {
    float a = fabsf(x), s, q, e;
    a = a > 10.0f ? 10.0f : a;
    q = lm_exp_parts_f32(-2.0f * a, &s);
    e = LM_MAD_f32(s, q, s - 1.0f);
    return copysignf(e / (2.0f + e), x);
}

LM_INLINE double lm_tanh_f64(double x) {
    double a = fabs(x), s, q, e;
    a = a > 20.0 ? 20.0 : a;
    q = lm_exp_parts_f64(-2.0 * a, &s);
    e = LM_MAD_f64(s, q, s - 1.0);
    return copysign(e / (2.0 + e), x);
}

/* Derivatives, from the function's output y: that is what a forward pass keeps. */
LM_INLINE float lm_d_sigmoid_f32(float y) { return y * (1.0f - y); }
LM_INLINE double lm_d_sigmoid_f64(double y) { return y * (1.0 - y); }
LM_INLINE float lm_d_tanh_f32(float y) { return 1.0f - y * y; }
LM_INLINE double lm_d_tanh_f64(double y) { return 1.0 - y * y; }

#endif
