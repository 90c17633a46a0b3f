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
    int32_t low, high;
} edgegen_binary_s32;

typedef struct {
    EDGEGEN_BROADCAST;
    int64_t low, high;
} edgegen_binary_s64;

EDGEGEN_INLINE int64_t edgegen_clamp_s64(int64_t x, int64_t low, int64_t high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

EDGEGEN_INLINE float edgegen_floor_mod_f32(float a, float b)
{
    const float rest = fmodf(a, b);
    return rest != 0.0f && (b < 0.0f) != (rest < 0.0f) ? rest + b : rest;
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

#define EDGEGEN_BINARY_F32(function, value)                                                                            \
    EDGEGEN_BINARY(function, f32, edgegen_binary_f32, float, edgegen_clamp_f32, value)

/* The same for a short `value`, side by side where there are vectors. */
#if !defined(EDGEGEN_OPTIMIZE_SIZE) && (defined(__ARM_NEON) || defined(__SSE2__))
#define EDGEGEN_BINARY_SHORT_F32(function, value)                                                                      \
    EDGEGEN_BINARY_ELEMENT(function, f32, edgegen_binary_f32, float, edgegen_clamp_f32, value)                         \
    EDGEGEN_ELEMENTWISE_8(function##_f32, edgegen_binary_f32, float, edgegen_##function##_f32_element)
#else
#define EDGEGEN_BINARY_SHORT_F32(function, value) EDGEGEN_BINARY_F32(function, value)
#endif

EDGEGEN_BINARY_SHORT_F32(add, a + b)
EDGEGEN_BINARY_SHORT_F32(sub, a - b)
EDGEGEN_BINARY_SHORT_F32(mul, a * b)
EDGEGEN_BINARY_SHORT_F32(div, a / b)
EDGEGEN_BINARY_SHORT_F32(maximum, EDGEGEN_MAXIMUM(a, b))
EDGEGEN_BINARY_SHORT_F32(minimum, EDGEGEN_MINIMUM(a, b))
EDGEGEN_BINARY_SHORT_F32(squared_difference, (a - b) * (a - b))
EDGEGEN_BINARY_F32(floor_div, floorf(a / b))
EDGEGEN_BINARY_F32(floor_mod, edgegen_floor_mod_f32(a, b))
EDGEGEN_BINARY_F32(pow, powf(a, b))
EDGEGEN_BINARY_F32(atan2, atan2f(a, b))

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
    EDGEGEN_BINARY(pow, name, params, type, clamp, edgegen_pow_##name(a, b))                                           \
    EDGEGEN_BINARY(xor, name, params, type, clamp, (type)((wide)a ^ (wide)b))                                          \
    EDGEGEN_BINARY(shift_right, name, params, type, clamp, edgegen_shift_right_##name(a, b))

EDGEGEN_BINARY_INTEGER(s32, edgegen_binary_s32, int32_t, uint32_t, edgegen_clamp_s32)
EDGEGEN_BINARY_INTEGER(s64, edgegen_binary_s64, int64_t, uint64_t, edgegen_clamp_s64)

/* Of narrower integers, only what keeps their scale. */
#define EDGEGEN_BINARY_ORDER(name, type)                                                                               \
    EDGEGEN_BINARY(maximum, name, edgegen_binary_s32, type, edgegen_clamp_s32, EDGEGEN_MAXIMUM(a, b))                  \
    EDGEGEN_BINARY(minimum, name, edgegen_binary_s32, type, edgegen_clamp_s32, EDGEGEN_MINIMUM(a, b))

EDGEGEN_BINARY_ORDER(s8, int8_t)
EDGEGEN_BINARY_ORDER(u8, uint8_t)
EDGEGEN_BINARY_ORDER(s16, int16_t)

#endif
