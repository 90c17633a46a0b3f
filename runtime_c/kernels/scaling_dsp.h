/* Frames of s16 times weights, and scaled, for the DSP extension: two numbers a register. */
#ifndef EDGEGEN_SCALING_DSP_H
#define EDGEGEN_SCALING_DSP_H

#include "kernels/auto_scale.h"
#include "kernels/taper.h"
#include "simd/dsp_complex.h"

EDGEGEN_INLINE int32_t edgegen_dsp_saturate_16(int32_t x)
{
#if EDGEGEN_DSP_ASM
    int32_t y;
    __asm__("ssat %0, #16, %1" : "=r"(y) : "r"(x) : "cc");
    return y;
#else
    return edgegen_clamp_s32(x, INT16_MIN, INT16_MAX);
#endif
}

/* Of each of two s16 in a and b: a if it is at least b, else b, or the other way round. */
EDGEGEN_INLINE uint32_t edgegen_dsp_larger_16(uint32_t a, uint32_t b)
{
#if EDGEGEN_DSP_ASM
    uint32_t most;
    __asm__("ssub16 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(most) : "r"(a), "r"(b) : "cc");
    return most;
#else
    return edgegen_dsp_pair(edgegen_max_s32(edgegen_dsp_low(a), edgegen_dsp_low(b)),
                            edgegen_max_s32(edgegen_dsp_high(a), edgegen_dsp_high(b)));
#endif
}

EDGEGEN_INLINE uint32_t edgegen_dsp_smaller_16(uint32_t a, uint32_t b)
{
#if EDGEGEN_DSP_ASM
    uint32_t least;
    __asm__("ssub16 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(least) : "r"(a), "r"(b) : "cc");
    return least;
#else
    return a ^ b ^ edgegen_dsp_larger_16(a, b);
#endif
}

/* The length is even. y may be x. */
EDGEGEN_KERNEL void taper_s16_dsp(const edgegen_taper *p, const int16_t *x, const int16_t *weights, int16_t *y)
{
    for (int32_t f = 0; f < p->frames; f++) {
        const int16_t *w = weights, *end = weights + p->length;
        for (; w < end; w += 2, x += 2, y += 2) {
            const uint32_t a = edgegen_dsp_load(x), b = edgegen_dsp_load(w);
            const int32_t low = edgegen_dsp_saturate_16(edgegen_dsp_low_product(a, b, 0) >> p->shift);
            const int32_t high = edgegen_dsp_saturate_16(edgegen_dsp_high_product(a, b, 0) >> p->shift);
            const uint32_t pair = edgegen_dsp_pair(low, high);
            memcpy(y, &pair, sizeof pair);
        }
    }
}

/* An even number of elements. y may be x. */
EDGEGEN_KERNEL void auto_scale_s16_dsp(const edgegen_auto_scale *p, const int16_t *x, int16_t *y, int32_t *bits)
{
    uint32_t most = 0, least = 0; /* of even elements and of odd ones */
    for (int32_t k = 0; k < p->elements; k += 2) {
        const uint32_t pair = edgegen_dsp_load(x + k);
        most = edgegen_dsp_larger_16(most, pair);
        least = edgegen_dsp_smaller_16(least, pair);
    }
    const int32_t lowest = edgegen_min_s32(edgegen_dsp_low(least), edgegen_dsp_high(least));
    if (lowest == INT16_MIN) { /* what counts is then what comes after it */
        auto_scale_s16(p, x, y, bits);
        return;
    }
    const int32_t highest = edgegen_max_s32(edgegen_dsp_low(most), edgegen_dsp_high(most));
    const int32_t largest = edgegen_max_s32(highest, -lowest);
    const int32_t spare = largest > 0 ? edgegen_leading_zeros((uint32_t)largest) - 17 : 0;
    for (int32_t k = 0; k < p->elements; k += 2) {
        const uint32_t pair = edgegen_dsp_load(x + k);
        const uint32_t scaled = edgegen_dsp_halves((pair & UINT32_C(0xffff0000)) << spare, pair << spare);
        memcpy(y + k, &scaled, sizeof scaled);
    }
    *bits = spare;
}

#endif
