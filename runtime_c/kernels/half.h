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

/* Rounded to the nearest, ties to even. */
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
