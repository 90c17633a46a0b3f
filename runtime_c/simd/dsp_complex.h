/* Complex numbers of s16 in the DSP extension: one register each, the real part in its lower half. */
#ifndef EDGEGEN_SIMD_DSP_COMPLEX_H
#define EDGEGEN_SIMD_DSP_COMPLEX_H

#include "simd/dsp.h"

#if EDGEGEN_DSP_ASM

/* acc + a.low * b.low - a.high * b.high */
EDGEGEN_INLINE int32_t edgegen_dsp_real_product(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t sum;
    __asm__("smlsd %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

/* acc + a.low * b.high + a.high * b.low */
EDGEGEN_INLINE int32_t edgegen_dsp_imaginary_product(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t sum;
    __asm__("smladx %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

/* acc + a.high * b.low */
EDGEGEN_INLINE int32_t edgegen_dsp_high_low_product(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t sum;
    __asm__("smlatb %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

/* The upper half of `high` over bits 16 to 31, or 15 to 30, of `low`. */
EDGEGEN_INLINE uint32_t edgegen_dsp_join_16(int32_t high, int32_t low)
{
    uint32_t pair;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(high), "r"(low));
    return pair;
}

EDGEGEN_INLINE uint32_t edgegen_dsp_join_15(uint32_t high, int32_t low)
{
    uint32_t pair;
    __asm__("pkhtb %0, %1, %2, asr #15" : "=r"(pair) : "r"(high), "r"(low));
    return pair;
}

/* The upper half of `high` over the lower half of `low`. */
EDGEGEN_INLINE uint32_t edgegen_dsp_halves(uint32_t high, uint32_t low)
{
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2" : "=r"(pair) : "r"(low), "r"(high));
    return pair;
}

#define EDGEGEN_DSP_PAIRWISE(name, instruction)                                                                        \
    EDGEGEN_INLINE uint32_t edgegen_dsp_##name(uint32_t a, uint32_t b)                                                 \
    {                                                                                                                  \
        uint32_t pair;                                                                                                 \
        __asm__(instruction " %0, %1, %2" : "=r"(pair) : "r"(a), "r"(b));                                              \
        return pair;                                                                                                   \
    }

EDGEGEN_DSP_PAIRWISE(plus, "sadd16")        /* a + b */
EDGEGEN_DSP_PAIRWISE(minus, "ssub16")       /* a - b */
EDGEGEN_DSP_PAIRWISE(plus_turned, "sasx")   /* a + i b */
EDGEGEN_DSP_PAIRWISE(minus_turned, "ssax")  /* a - i b */
EDGEGEN_DSP_PAIRWISE(half_plus, "shadd16")  /* (a + b) >> 1, with room for the carry */
EDGEGEN_DSP_PAIRWISE(half_minus, "shsub16") /* (a - b) >> 1 */

#else

EDGEGEN_INLINE int32_t edgegen_dsp_real_product(uint32_t a, uint32_t b, int32_t acc)
{
    const uint32_t low = (uint32_t)(edgegen_dsp_low(a) * edgegen_dsp_low(b));
    return (int32_t)((uint32_t)acc + low - (uint32_t)(edgegen_dsp_high(a) * edgegen_dsp_high(b)));
}

EDGEGEN_INLINE int32_t edgegen_dsp_imaginary_product(uint32_t a, uint32_t b, int32_t acc)
{
    const uint32_t low = (uint32_t)(edgegen_dsp_low(a) * edgegen_dsp_high(b));
    return (int32_t)((uint32_t)acc + low + (uint32_t)(edgegen_dsp_high(a) * edgegen_dsp_low(b)));
}

EDGEGEN_INLINE int32_t edgegen_dsp_high_low_product(uint32_t a, uint32_t b, int32_t acc)
{
    return (int32_t)((uint32_t)acc + (uint32_t)(edgegen_dsp_high(a) * edgegen_dsp_low(b)));
}

EDGEGEN_INLINE uint32_t edgegen_dsp_halves(uint32_t high, uint32_t low)
{
    return (high & UINT32_C(0xffff0000)) | (low & 0xffffu);
}

EDGEGEN_INLINE uint32_t edgegen_dsp_join_16(int32_t high, int32_t low)
{
    return edgegen_dsp_halves((uint32_t)high, (uint32_t)(low >> 16));
}

EDGEGEN_INLINE uint32_t edgegen_dsp_join_15(uint32_t high, int32_t low)
{
    return edgegen_dsp_halves(high, (uint32_t)(low >> 15));
}

#define EDGEGEN_DSP_PAIRWISE(name, low, high)                                                                          \
    EDGEGEN_INLINE uint32_t edgegen_dsp_##name(uint32_t a, uint32_t b)                                                 \
    {                                                                                                                  \
        const int32_t are = edgegen_dsp_low(a), aim = edgegen_dsp_high(a);                                             \
        const int32_t bre = edgegen_dsp_low(b), bim = edgegen_dsp_high(b);                                             \
        return edgegen_dsp_pair(low, high);                                                                            \
    }

EDGEGEN_DSP_PAIRWISE(plus, are + bre, aim + bim)
EDGEGEN_DSP_PAIRWISE(minus, are - bre, aim - bim)
EDGEGEN_DSP_PAIRWISE(plus_turned, are - bim, aim + bre)
EDGEGEN_DSP_PAIRWISE(minus_turned, are + bim, aim - bre)
EDGEGEN_DSP_PAIRWISE(half_plus, (are + bre) >> 1, (aim + bim) >> 1)
EDGEGEN_DSP_PAIRWISE(half_minus, (are - bre) >> 1, (aim - bim) >> 1)

#endif

/* a * b, both halves rounded: (product + 2^14) >> 15 */
EDGEGEN_INLINE uint32_t edgegen_dsp_complex_product(uint32_t a, uint32_t b)
{
    const int32_t re = edgegen_dsp_real_product(a, b, 1 << 14), im = edgegen_dsp_imaginary_product(a, b, 1 << 14);
    return edgegen_dsp_join_15((uint32_t)im << 1, re);
}

/* a * factor, both halves rounded: (product + 2^14) >> 15, where the factor is given doubled */
EDGEGEN_INLINE uint32_t edgegen_dsp_complex_scaled(uint32_t a, uint32_t twice_factor)
{
    const int32_t re = edgegen_dsp_low_product(a, twice_factor, 1 << 15);
    return edgegen_dsp_join_16(edgegen_dsp_high_low_product(a, twice_factor, 1 << 15), re);
}

EDGEGEN_INLINE uint32_t edgegen_dsp_conjugate(uint32_t a) { return edgegen_dsp_halves(edgegen_dsp_minus(0, a), a); }

#endif
