/* Levels times gains that fall with the noise, compressed, portable. y may be x. */
#ifndef EDGEGEN_PCAN_H
#define EDGEGEN_PCAN_H

#include "kernels/leading_zeros.h"

typedef struct {
    int32_t channels, shift;
} edgegen_pcan;

/* gains: of 0, 1 and 2, then four numbers for each power of two: a parabola in the fraction above it, and one unread */
EDGEGEN_INLINE int16_t edgegen_wide_gain(uint32_t noise, const int16_t *gains)
{
    if (noise <= 2) {
        return gains[noise];
    }
    const int32_t bits = 32 - edgegen_leading_zeros(noise);
    const int16_t *at = gains + 4 * bits - 6;
    const int32_t fraction = (int32_t)((bits < 11 ? noise << (11 - bits) : noise >> (bits - 11)) & 0x3ffu);
    const uint32_t slope = (uint32_t)((at[2] * fraction) >> 5) + ((uint32_t)at[1] << 5);
    const int32_t rounded = (int32_t)(slope * (uint32_t)fraction + (UINT32_C(1) << 14)) >> 15;
    return (int16_t)(rounded + at[0]);
}

EDGEGEN_KERNEL void pcan_u32(const edgegen_pcan *p, const uint32_t *x, const uint32_t *noise, const int16_t *gains,
                             uint32_t *y)
{
    for (int32_t k = 0; k < p->channels; k++) {
        const uint32_t gain = (uint32_t)edgegen_wide_gain(noise[k], gains);
        const uint32_t ratio = (uint32_t)(((uint64_t)x[k] * gain) >> p->shift);
        y[k] = ratio < UINT32_C(2) << 12 ? (ratio * ratio) >> 20 : (ratio >> 6) - 64;
    }
}

#endif
