/* What every kernel may use: how functions are compiled, and fixed-point arithmetic. */
#ifndef EDGEGEN_RUNTIME_H
#define EDGEGEN_RUNTIME_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define EDGEGEN_NOINLINE __attribute__((noinline))
#define EDGEGEN_INLINE static inline __attribute__((always_inline, unused))
#define EDGEGEN_UNUSED __attribute__((unused))
#define EDGEGEN_MAY_ALIAS __attribute__((__may_alias__)) /* of a type: its objects may lie where others do */
#else
#define EDGEGEN_NOINLINE
#define EDGEGEN_INLINE static inline
#define EDGEGEN_UNUSED
#define EDGEGEN_MAY_ALIAS
#endif

/* Results that may lie where numbers of another type did. */
typedef int16_t EDGEGEN_MAY_ALIAS edgegen_over_s16;
typedef int32_t EDGEGEN_MAY_ALIAS edgegen_over_s32;
typedef int64_t EDGEGEN_MAY_ALIAS edgegen_over_s64;
typedef uint32_t EDGEGEN_MAY_ALIAS edgegen_over_u32;
typedef uint64_t EDGEGEN_MAY_ALIAS edgegen_over_u64;

/* A kernel: inlined where its shapes are constants, or one shared function where flash counts. */
#if defined(EDGEGEN_OPTIMIZE_SIZE)
#define EDGEGEN_KERNEL static EDGEGEN_NOINLINE EDGEGEN_UNUSED
#else
#define EDGEGEN_KERNEL EDGEGEN_INLINE
#endif

#define EDGEGEN_INFINITY INFINITY
#define EDGEGEN_NAN NAN

EDGEGEN_INLINE int32_t edgegen_min_s32(int32_t a, int32_t b) { return a < b ? a : b; }
EDGEGEN_INLINE int32_t edgegen_max_s32(int32_t a, int32_t b) { return a > b ? a : b; }

/* A loop over 0 to count - 1, or from the last to the first. */
#define EDGEGEN_EACH(i, count, backward)                                                                               \
    for (int32_t i = (backward) ? (count)-1 : 0; (backward) ? i >= 0 : i < (count); i += (backward) ? -1 : 1)

#define EDGEGEN_AS_IT_IS(v) (v)

/* The function of <math.h> for a type. */
#define EDGEGEN_MATH_F32(function) function##f
#define EDGEGEN_MATH_F64(function) function

EDGEGEN_INLINE int32_t edgegen_clamp_s32(int32_t x, int32_t low, int32_t high)
{
    return edgegen_min_s32(edgegen_max_s32(x, low), high);
}

EDGEGEN_INLINE float edgegen_clamp_f32(float x, float low, float high)
{
#if !defined(EDGEGEN_OPTIMIZE_SIZE) /* limits are constants then, and compilers leave out those that are infinite */
    x = low > -EDGEGEN_INFINITY && x < low ? low : x;
    return high < EDGEGEN_INFINITY && x > high ? high : x;
#else
    x = x < low ? low : x;
    return x > high ? high : x;
#endif
}

EDGEGEN_INLINE double edgegen_clamp_f64(double x, double low, double high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* High 32 bits of 2*a*b, halves rounded upwards. b is a multiplier, never the least s32, so that it cannot saturate. */
EDGEGEN_INLINE int32_t edgegen_doubling_high_multiply(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* x / 2^exponent rounded half away from zero, exponent in [0, 31]. */
EDGEGEN_INLINE int32_t edgegen_rounding_shift_right(int32_t x, int32_t exponent)
{
    const int32_t mask = (int32_t)((UINT32_C(1) << exponent) - 1);
    const int32_t threshold = (mask >> 1) + (x < 0);
    return (x >> exponent) + ((x & mask) > threshold);
}

/* x * multiplier * 2^(shift - 31), rounding twice as TensorFlow Lite Micro does. */
EDGEGEN_INLINE int32_t edgegen_requantize(int32_t x, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    const int32_t shifted = (int32_t)((uint32_t)x << left);
    return edgegen_rounding_shift_right(edgegen_doubling_high_multiply(shifted, multiplier), right);
}

/* The same rounding once, ties upwards; what is beyond 2^30 is limited to it. */
EDGEGEN_INLINE int32_t edgegen_requantize_once(int32_t x, int32_t multiplier, int32_t shift)
{
    const int64_t limit = INT64_C(1) << 30;
    const int64_t scaled = ((int64_t)x * multiplier + (INT64_C(1) << (30 - shift))) >> (31 - shift);
    return (int32_t)(scaled < -limit ? -limit : scaled > limit ? limit : scaled);
}

/* x rounded to a whole number, ties to even. What is beyond 2^21, more than any 16-bit result needs, is limited to it:
 * there the sum with 1.5 * 2^23 rounds to a whole number. */
EDGEGEN_INLINE int32_t edgegen_round_to_even(float x)
{
    const float limit = 2097152.0f, whole = 12582912.0f;
    x = x < -limit ? -limit : x > limit ? limit : x;
    const float rounded = x + whole;
    return (int32_t)(rounded - whole);
}

/* round(x * factor) as f32, ties to even, as ONNX requantizes; `bits` are those of the factor. */
EDGEGEN_INLINE int32_t edgegen_requantize_scaled(int32_t x, int32_t bits, int32_t unused)
{
    (void)unused;
    float factor;
    memcpy(&factor, &bits, sizeof factor);
    return edgegen_round_to_even((float)x * factor);
}

/* The schemes of codegen/ops/epilogue.py, where a kernel is told at run time which one it requantizes by. */
enum { EDGEGEN_ROUND_TWICE, EDGEGEN_ROUND_ONCE, EDGEGEN_ROUND_SCALED };

EDGEGEN_INLINE int32_t edgegen_requantize_by(int32_t scheme, int32_t x, int32_t multiplier, int32_t shift)
{
    return scheme == EDGEGEN_ROUND_TWICE  ? edgegen_requantize(x, multiplier, shift)
           : scheme == EDGEGEN_ROUND_ONCE ? edgegen_requantize_once(x, multiplier, shift)
                                          : edgegen_requantize_scaled(x, multiplier, shift);
}

/* The sum as it is: the result of a layer that only adds up. */
EDGEGEN_INLINE int32_t edgegen_requantize_not(int32_t x, int32_t unused, int32_t unused_too)
{
    (void)unused;
    (void)unused_too;
    return x;
}

#endif
