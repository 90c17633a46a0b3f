/* Half-precision numbers as their bits, where the language has no type for them. */
#ifndef EDGEGEN_HALF_H
#define EDGEGEN_HALF_H

#include "edgegen.h"

/* A number that is not negative and finite: its bits, moved to where those of an f32 are, make it 2^112 too small. */
EDGEGEN_INLINE float edgegen_positive_half(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 13;
    float small;
    memcpy(&small, &bits, sizeof small);
    return small * 5.192296858534828e33f; /* 2^112 */
}

/* Rounded to the nearest, ties to even. Cores that convert by an instruction do; asked for in assembly, it needs no type
 * that compilers know by different names. */
#if defined(__GNUC__) && defined(__F16C__)

EDGEGEN_INLINE float edgegen_from_half(uint16_t half)
{
    const uint32_t word = half;
    float x;
    memcpy(&x, &word, sizeof x);
    __asm__("vcvtph2ps %0, %0" : "+x"(x));
    return x;
}

EDGEGEN_INLINE uint16_t edgegen_to_half(float x)
{
    uint32_t word;
    __asm__("vcvtps2ph $0, %0, %0" : "+x"(x));
    memcpy(&word, &x, sizeof word);
    return (uint16_t)word;
}

#elif defined(__GNUC__) && defined(__aarch64__)

EDGEGEN_INLINE float edgegen_from_half(uint16_t half)
{
    float x;
    __asm__("fcvt %s0, %h1" : "=w"(x) : "w"(half));
    return x;
}

EDGEGEN_INLINE uint16_t edgegen_to_half(float x)
{
    uint16_t half;
    __asm__("fcvt %h0, %s1" : "=w"(half) : "w"(x));
    return half;
}

#elif defined(__GNUC__) && defined(__arm__) && defined(__ARM_FP) && defined(__ARM_FEATURE_FMA) /* VFPv4, FPv4-SP */

EDGEGEN_INLINE float edgegen_from_half(uint16_t half)
{
    const uint32_t word = half;
    float x;
    memcpy(&x, &word, sizeof x);
    __asm__("vcvtb.f32.f16 %0, %0" : "+t"(x));
    return x;
}

EDGEGEN_INLINE uint16_t edgegen_to_half(float x)
{
    uint32_t word;
    __asm__("vcvtb.f16.f32 %0, %0" : "+t"(x));
    memcpy(&word, &x, sizeof word);
    return (uint16_t)word;
}

#else

EDGEGEN_INLINE float edgegen_from_half(uint16_t half)
{
    const uint16_t magnitude = half & 0x7fff;
    float positive = edgegen_positive_half(magnitude);
    uint32_t bits;
    memcpy(&bits, &positive, sizeof bits);
    bits = magnitude >= 0x7c00 ? UINT32_C(0x7f800000) | (uint32_t)magnitude << 13 : bits; /* infinite, or no number */
    bits |= (uint32_t)(half & 0x8000) << 16;
    memcpy(&positive, &bits, sizeof positive);
    return positive;
}

EDGEGEN_INLINE uint16_t edgegen_to_half(float x)
{
    uint32_t bits, magnitude;
    memcpy(&bits, &x, sizeof bits);
    magnitude = bits & UINT32_C(0x7fffffff);
    if (magnitude > UINT32_C(0x7f800000)) { /* no number */
        magnitude = 0x7e00;
    } else if (magnitude >= UINT32_C(0x477ff000)) { /* 65520 and more */
        magnitude = 0x7c00;
    } else if (magnitude < UINT32_C(0x38800000)) { /* less than 2^-14: the last place is that of a number beside 0.5 */
        float moved;
        memcpy(&moved, &magnitude, sizeof moved);
        moved += 0.5f;
        memcpy(&magnitude, &moved, sizeof magnitude);
        magnitude -= UINT32_C(0x3f000000);
    } else {
        magnitude += UINT32_C(0xfff) + (magnitude >> 13 & 1u);
        magnitude = (magnitude - (UINT32_C(112) << 23)) >> 13;
    }
    return (uint16_t)(magnitude | (bits >> 16 & 0x8000u));
}

#endif

#endif
