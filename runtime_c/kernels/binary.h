/* Element-wise arithmetic with broadcasting on plain numbers, portable. Integers wrap around, and give 0 where they are
 * divided by 0. */
#ifndef EDGEGEN_BINARY_H
#define EDGEGEN_BINARY_H

#include "kernels/elementwise.h"

typedef struct {
    EDGEGEN_BROADCAST;
    float low, high;
} edgegen_binary_f32;

typedef struct {
    EDGEGEN_BROADCAST;
    double low, high;
} edgegen_binary_f64;

typedef struct {
    EDGEGEN_BROADCAST;
    int32_t low, high;
} edgegen_binary_s32;

typedef struct {
    EDGEGEN_BROADCAST;
    int64_t low, high;
} edgegen_binary_s64;

typedef struct {
    EDGEGEN_BROADCAST;
    uint64_t low, high;
} edgegen_binary_u64;

EDGEGEN_INLINE int64_t edgegen_clamp_s64(int64_t x, int64_t low, int64_t high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

EDGEGEN_INLINE uint64_t edgegen_clamp_u64(uint64_t x, uint64_t low, uint64_t high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

EDGEGEN_INLINE float edgegen_floor_mod_f32(float a, float b)
{
    const float rest = fmodf(a, b);
    return rest != 0.0f && (b < 0.0f) != (rest < 0.0f) ? rest + b : rest;
}

EDGEGEN_INLINE double edgegen_floor_mod_f64(double a, double b)
{
    const double rest = fmod(a, b);
    return rest != 0.0 && (b < 0.0) != (rest < 0.0) ? rest + b : rest;
}

/* Defines division and power of a signed integer type; `wide` is the unsigned type of its size. */
#define EDGEGEN_INTEGER_ARITHMETIC(name, type, wide)                                                                   \
    EDGEGEN_INLINE type edgegen_div_##name(type a, type b)                                                             \
    {                                                                                                                  \
        return b == 0 ? 0 : b == -1 ? (type)(0 - (wide)a) : (type)(a / b);                                             \
    }                                                                                                                  \
    EDGEGEN_INLINE type edgegen_floor_mod_##name(type a, type b)                                                       \
    {                                                                                                                  \
        const type rest = b == 0 || b == -1 ? 0 : (type)(a % b);                                                       \
        return rest != 0 && (b < 0) != (rest < 0) ? (type)(rest + b) : rest;                                           \
    }                                                                                                                  \
    EDGEGEN_INLINE type edgegen_fmod_##name(type a, type b) { return b == 0 || b == -1 ? 0 : (type)(a % b); }          \
    EDGEGEN_INLINE type edgegen_floor_div_##name(type a, type b)                                                       \
    {                                                                                                                  \
        const type quotient = edgegen_div_##name(a, b);                                                                \
        return edgegen_floor_mod_##name(a, b) != 0 && (a < 0) != (b < 0) ? (type)(quotient - 1) : quotient;            \
    }                                                                                                                  \
    EDGEGEN_INLINE type edgegen_pow_##name(type a, type b)                                                             \
    {                                                                                                                  \
        wide result = 1, factor = (wide)a;                                                                             \
        if (b < 0) {                                                                                                   \
            return a == 1 || (a == -1 && b % 2 == 0) ? 1 : a == -1 ? (type)-1 : 0;                                     \
        }                                                                                                              \
        for (; b > 0; b /= 2) {                                                                                        \
            result = b % 2 ? result * factor : result;                                                                 \
            factor *= factor;                                                                                          \
        }                                                                                                              \
        return (type)result;                                                                                           \
    }                                                                                                                  \
    EDGEGEN_INLINE type edgegen_shift_right_##name(type a, type b)                                                     \
    {                                                                                                                  \
        const type most = (type)(8 * sizeof(type) - 1);                                                                \
        return a >> (b < 0 ? 0 : b > most ? most : b);                                                                 \
    }

EDGEGEN_INTEGER_ARITHMETIC(s32, int32_t, uint32_t)
EDGEGEN_INTEGER_ARITHMETIC(s64, int64_t, uint64_t)

EDGEGEN_INLINE uint64_t edgegen_div_u64(uint64_t a, uint64_t b) { return b == 0 ? 0 : a / b; }
EDGEGEN_INLINE uint64_t edgegen_fmod_u64(uint64_t a, uint64_t b) { return b == 0 ? 0 : a % b; }
#define edgegen_floor_div_u64 edgegen_div_u64
#define edgegen_floor_mod_u64 edgegen_fmod_u64

EDGEGEN_INLINE uint64_t edgegen_shift_right_u64(uint64_t a, uint64_t b) { return b < 64 ? a >> b : 0; }

EDGEGEN_INLINE uint64_t edgegen_pow_u64(uint64_t a, uint64_t b)
{
    uint64_t result = 1;
    for (; b > 0; b /= 2) {
        result = b % 2 ? result * a : result;
        a *= a;
    }
    return result;
}

#define EDGEGEN_MAXIMUM(a, b) ((a) > (b) ? (a) : (b))
#define EDGEGEN_MINIMUM(a, b) ((a) < (b) ? (a) : (b))

/* Defines the kernel <function>_<name>: `value` of the elements a and b, clamped. */
#define EDGEGEN_BINARY(function, name, params, type, clamp, value)                                                     \
    EDGEGEN_BINARY_ELEMENT(function, name, params, type, clamp, value)                                                 \
    EDGEGEN_ELEMENTWISE(function##_##name, params, type, edgegen_##function##_##name##_element)

#define EDGEGEN_BINARY_ELEMENT(function, name, params, type, clamp, value)                                             \
    EDGEGEN_INLINE type edgegen_##function##_##name##_element(const params *p, type a, type b)                         \
    {                                                                                                                  \
        return (type)clamp(value, p->low, p->high);                                                                    \
    }

/* The same for a short `value`, side by side where there are vectors. */
#if !defined(EDGEGEN_OPTIMIZE_SIZE) && (defined(__ARM_NEON) || defined(__SSE2__))
#define EDGEGEN_BINARY_SHORT(function, name, params, type, clamp, value)                                               \
    EDGEGEN_BINARY_ELEMENT(function, name, params, type, clamp, value)                                                 \
    EDGEGEN_ELEMENTWISE_8(function##_##name, params, type, edgegen_##function##_##name##_element)
#else
#define EDGEGEN_BINARY_SHORT EDGEGEN_BINARY
#endif

/* The same for floats. */
#define EDGEGEN_BINARY_REAL(function, name, type, value)                                                               \
    EDGEGEN_BINARY(function, name, edgegen_binary_##name, type, edgegen_clamp_##name, value)
#define EDGEGEN_BINARY_SHORT_REAL(function, name, type, value)                                                         \
    EDGEGEN_BINARY_SHORT(function, name, edgegen_binary_##name, type, edgegen_clamp_##name, value)

/* M(function) is the function of <math.h> for the type. */
#define EDGEGEN_BINARY_FLOAT(name, type, M)                                                                            \
    EDGEGEN_BINARY_SHORT_REAL(add, name, type, a + b)                                                                  \
    EDGEGEN_BINARY_SHORT_REAL(sub, name, type, a - b)                                                                  \
    EDGEGEN_BINARY_SHORT_REAL(mul, name, type, a *b)                                                                   \
    EDGEGEN_BINARY_SHORT_REAL(div, name, type, a / b)                                                                  \
    EDGEGEN_BINARY_SHORT_REAL(maximum, name, type, EDGEGEN_MAXIMUM(a, b))                                              \
    EDGEGEN_BINARY_SHORT_REAL(minimum, name, type, EDGEGEN_MINIMUM(a, b))                                              \
    EDGEGEN_BINARY_SHORT_REAL(squared_difference, name, type, (a - b) * (a - b))                                       \
    EDGEGEN_BINARY_REAL(floor_div, name, type, M(floor)(a / b))                                                        \
    EDGEGEN_BINARY_REAL(floor_mod, name, type, edgegen_floor_mod_##name(a, b))                                         \
    EDGEGEN_BINARY_REAL(fmod, name, type, M(fmod)(a, b))                                                               \
    EDGEGEN_BINARY_REAL(pow, name, type, M(pow)(a, b))                                                                 \
    EDGEGEN_BINARY_REAL(atan2, name, type, M(atan2)(a, b))

EDGEGEN_BINARY_FLOAT(f32, float, EDGEGEN_MATH_F32)
EDGEGEN_BINARY_FLOAT(f64, double, EDGEGEN_MATH_F64)

#define EDGEGEN_BINARY_INTEGER(name, params, type, wide, clamp)                                                        \
    EDGEGEN_BINARY(add, name, params, type, clamp, (type)((wide)a + (wide)b))                                          \
    EDGEGEN_BINARY(sub, name, params, type, clamp, (type)((wide)a - (wide)b))                                          \
    EDGEGEN_BINARY(mul, name, params, type, clamp, (type)((wide)a * (wide)b))                                          \
    EDGEGEN_BINARY(div, name, params, type, clamp, edgegen_div_##name(a, b))                                           \
    EDGEGEN_BINARY(maximum, name, params, type, clamp, EDGEGEN_MAXIMUM(a, b))                                          \
    EDGEGEN_BINARY(minimum, name, params, type, clamp, EDGEGEN_MINIMUM(a, b))                                          \
    EDGEGEN_BINARY(squared_difference, name, params, type, clamp, (type)(((wide)a - (wide)b) * ((wide)a - (wide)b)))   \
    EDGEGEN_BINARY(floor_div, name, params, type, clamp, edgegen_floor_div_##name(a, b))                               \
    EDGEGEN_BINARY(floor_mod, name, params, type, clamp, edgegen_floor_mod_##name(a, b))                               \
    EDGEGEN_BINARY(fmod, name, params, type, clamp, edgegen_fmod_##name(a, b))                                         \
    EDGEGEN_BINARY(pow, name, params, type, clamp, edgegen_pow_##name(a, b))                                           \
    EDGEGEN_BINARY(and, name, params, type, clamp, (type)((wide)a & (wide)b))                                          \
    EDGEGEN_BINARY(or, name, params, type, clamp, (type)((wide)a | (wide)b))                                           \
    EDGEGEN_BINARY(xor, name, params, type, clamp, (type)((wide)a ^ (wide)b))                                          \
    EDGEGEN_BINARY(shift_left, name, params, type, clamp, (type)((wide)b < 8 * sizeof(type) ? (wide)a << b : 0))       \
    EDGEGEN_BINARY(shift_right, name, params, type, clamp, edgegen_shift_right_##name(a, b))

EDGEGEN_BINARY_INTEGER(s32, edgegen_binary_s32, int32_t, uint32_t, edgegen_clamp_s32)
EDGEGEN_BINARY_INTEGER(s64, edgegen_binary_s64, int64_t, uint64_t, edgegen_clamp_s64)
EDGEGEN_BINARY_INTEGER(u64, edgegen_binary_u64, uint64_t, uint64_t, edgegen_clamp_u64)

/* Of narrower integers, only what keeps their scale. */
#define EDGEGEN_BINARY_ORDER(name, type)                                                                               \
    EDGEGEN_BINARY(maximum, name, edgegen_binary_s32, type, edgegen_clamp_s32, EDGEGEN_MAXIMUM(a, b))                  \
    EDGEGEN_BINARY(minimum, name, edgegen_binary_s32, type, edgegen_clamp_s32, EDGEGEN_MINIMUM(a, b))

EDGEGEN_BINARY_ORDER(s8, int8_t)
EDGEGEN_BINARY_ORDER(u8, uint8_t)
EDGEGEN_BINARY_ORDER(s16, int16_t)

#endif
