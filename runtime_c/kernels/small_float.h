/* Floats of 16 bits and fewer, which C lacks: from and to f32. Arithmetic is on their bits, so it is exact. */
#ifndef EDGEGEN_SMALL_FLOAT_H
#define EDGEGEN_SMALL_FLOAT_H

#include "kernels/half.h"

EDGEGEN_INLINE uint32_t edgegen_bits_of_f32(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

EDGEGEN_INLINE float edgegen_f32_of_bits(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* magnitude / 2^shift, ties to even; shift is at least 1 */
EDGEGEN_INLINE uint32_t edgegen_round_even(uint32_t magnitude, int32_t shift)
{
    if (shift > 31) {
        return 0;
    }
    const uint32_t half = (uint32_t)1 << (shift - 1), odd = magnitude >> shift & 1;
    return (magnitude + half - 1 + odd) >> shift;
}

/* A float of one sign bit, exponent bits with this bias and `fraction` bits, from the top: the code of |v|, which may
 * lie beyond the format's greatest. NaN is UINT32_MAX. */
EDGEGEN_INLINE uint32_t edgegen_encode(float v, int32_t fraction, int32_t bias)
{
    const uint32_t magnitude = edgegen_bits_of_f32(v) & 0x7fffffff;
    if (magnitude > 0x7f800000) {
        return UINT32_MAX;
    }
    const int32_t exponent = (int32_t)(magnitude >> 23) - 127;
    if (exponent == -127) {
        return 0; /* less than half of the least number of any format that comes here */
    }
    const int32_t kept = exponent < 1 - bias ? 1 - bias : exponent;
    const uint32_t significand = (magnitude & 0x7fffff) | 0x800000;
    const uint32_t rounded = edgegen_round_even(significand, 23 - fraction + kept - exponent);
    return ((uint32_t)(kept + bias - 1) << fraction) + rounded;
}

/* The value of a code without its sign: no infinities, no NaN. */
EDGEGEN_INLINE float edgegen_decode(uint32_t code, int32_t fraction, int32_t bias)
{
    const int32_t exponent = (int32_t)(code >> fraction);
    if (exponent == 0) { /* a multiple of the least number, 2^(1 - bias - fraction) */
        return (float)code * edgegen_f32_of_bits((uint32_t)(128 - bias - fraction) << 23);
    }
    const uint32_t bits = (code & (((uint32_t)1 << fraction) - 1)) << (23 - fraction);
    return edgegen_f32_of_bits(((uint32_t)(exponent - bias + 127) << 23) | bits);
}

EDGEGEN_INLINE float edgegen_signed(float magnitude, uint32_t sign) { return sign ? -magnitude : magnitude; }

/* From f64 at once: by way of f32 it would be rounded twice. What f32 cannot tell from a tie is made odd first. */
EDGEGEN_INLINE uint16_t edgegen_to_half_of_f64(double v)
{
    float near = (float)v;
    if ((double)near != v && v == v) {
        uint32_t bits = edgegen_bits_of_f32(near);
        const double found = (double)near;
        bits -= (v < 0.0 ? found < v : found > v) ? 1 : 0; /* towards zero */
        near = edgegen_f32_of_bits(bits | 1);
    }
    return edgegen_to_half(near);
}

EDGEGEN_INLINE float edgegen_load_bf16(uint16_t x) { return edgegen_f32_of_bits((uint32_t)x << 16); }

EDGEGEN_INLINE uint16_t edgegen_store_bf16(float v)
{
    const uint32_t bits = edgegen_bits_of_f32(v);
    if ((bits & 0x7fffffff) > 0x7f800000) {
        return (uint16_t)((bits >> 16 & 0x8000) | 0x7fc0);
    }
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* M(name, load, store) for each float of 16 bits. */
#define EDGEGEN_HALF_TYPES(M)                                                                                          \
    M(f16, edgegen_from_half, edgegen_to_half)                                                                         \
    M(bf16, edgegen_load_bf16, edgegen_store_bf16)

/* Defines load and store of an 8-bit float. greatest: its greatest finite code; beyond: what follows it, unless
 * `_saturated`; nan: a code that loads as NaN, as do all from `first_nan` on */
#define EDGEGEN_FLOAT_8(name, fraction, bias, greatest, beyond, first_nan, nan)                                        \
    EDGEGEN_INLINE float edgegen_load_##name(uint8_t x)                                                                \
    {                                                                                                                  \
        const uint32_t code = x & 0x7f;                                                                                \
        if (code > (greatest)) {                                                                                       \
            return edgegen_signed(code >= (first_nan) ? EDGEGEN_NAN : EDGEGEN_INFINITY, x & 0x80);                     \
        }                                                                                                              \
        return edgegen_signed(edgegen_decode(code, fraction, bias), x & 0x80);                                         \
    }                                                                                                                  \
    EDGEGEN_INLINE uint8_t edgegen_store_##name(float v)                                                               \
    {                                                                                                                  \
        const uint32_t code = edgegen_encode(v, fraction, bias), sign = edgegen_bits_of_f32(v) >> 24 & 0x80;           \
        return (uint8_t)(sign | (code == UINT32_MAX ? (nan) : code > (greatest) ? (beyond) : code));                   \
    }                                                                                                                  \
    EDGEGEN_INLINE uint8_t edgegen_store_##name##_saturated(float v)                                                   \
    {                                                                                                                  \
        const uint32_t code = edgegen_encode(v, fraction, bias), sign = edgegen_bits_of_f32(v) >> 24 & 0x80;           \
        return (uint8_t)(sign | (code == UINT32_MAX ? (nan) : code > (greatest) ? (greatest) : code));                 \
    }

EDGEGEN_FLOAT_8(f8e4m3fn, 3, 7, 0x7e, 0x7f, 0x7f, 0x7f)
EDGEGEN_FLOAT_8(f8e5m2, 2, 15, 0x7b, 0x7c, 0x7d, 0x7e)

/* Likewise without infinities and negative zero, whose code is the only NaN. */
#define EDGEGEN_FLOAT_8_UZ(name, fraction, bias)                                                                       \
    EDGEGEN_INLINE float edgegen_load_##name(uint8_t x)                                                                \
    {                                                                                                                  \
        return x == 0x80 ? -EDGEGEN_NAN : edgegen_signed(edgegen_decode(x & 0x7f, fraction, bias), x & 0x80);           \
    }                                                                                                                  \
    EDGEGEN_INLINE uint8_t edgegen_store_##name(float v)                                                               \
    {                                                                                                                  \
        const uint32_t code = edgegen_encode(v, fraction, bias), sign = edgegen_bits_of_f32(v) >> 24 & 0x80;           \
        return (uint8_t)(code > 0x7f ? 0x80 : code == 0 ? 0 : (sign | code));                                          \
    }                                                                                                                  \
    EDGEGEN_INLINE uint8_t edgegen_store_##name##_saturated(float v)                                                   \
    {                                                                                                                  \
        const uint32_t code = edgegen_encode(v, fraction, bias), sign = edgegen_bits_of_f32(v) >> 24 & 0x80;           \
        return (uint8_t)(code == UINT32_MAX ? 0x80 : code > 0x7f ? (sign | 0x7f) : code == 0 ? 0 : (sign | code));     \
    }

EDGEGEN_FLOAT_8_UZ(f8e4m3fnuz, 3, 8)
EDGEGEN_FLOAT_8_UZ(f8e5m2fnuz, 2, 16)

/* 0, 0.5, 1, 1.5, 2, 3, 4 and 6, and their negatives; what is greater is 6, and NaN is 0 with its sign
 * turned, as ml_dtypes has it */
EDGEGEN_INLINE float edgegen_load_f4e2m1(uint8_t x) { return edgegen_signed(edgegen_decode(x & 7, 1, 1), x & 8); }

EDGEGEN_INLINE uint8_t edgegen_store_f4e2m1(float v)
{
    const uint32_t code = edgegen_encode(v, 1, 1), sign = edgegen_bits_of_f32(v) >> 28 & 8;
    return (uint8_t)(code == UINT32_MAX ? sign ^ 8 : sign | (code > 7 ? 7 : code));
}

/* A power of two, 2^(x - 127); 255 is NaN */
EDGEGEN_INLINE float edgegen_load_f8e8m0(uint8_t x)
{
    return x == 255 ? EDGEGEN_NAN : edgegen_f32_of_bits(x == 0 ? 0x400000 : (uint32_t)x << 23);
}

/* |v| rounded up to a power of two, at most the greatest one */
EDGEGEN_INLINE uint8_t edgegen_store_f8e8m0(float v)
{
    const uint32_t magnitude = edgegen_bits_of_f32(v) & 0x7fffffff;
    const uint32_t up = magnitude <= 0x400000 ? 0 : (magnitude + 0x7fffff) >> 23;
    return (uint8_t)(magnitude > 0x7f800000 ? 255 : up > 254 ? 254 : up);
}

#endif
