/* What becomes of a sum of s16 * s8: requantized and clamped. */
#ifndef EDGEGEN_SUM_S16_H
#define EDGEGEN_SUM_S16_H

#include "edgegen.h"

/* wide: sums have 64 bits and multipliers 16; otherwise sums wrap at 32 bits and are requantized as those of s8. */
typedef struct {
    int32_t wide, low, high;
} edgegen_output_s16;

/* x * multiplier / 2^shift rounded to nearest, ties upwards: |x| < 2^47, multiplier < 2^15, shift in [8, 46]. */
EDGEGEN_INLINE int32_t edgegen_requantize_wide(int64_t x, int32_t multiplier, int32_t shift)
{
    return (int32_t)((x * multiplier + (INT64_C(1) << (shift - 1))) >> shift);
}

/* scale[2]: multiplier and shift of the channel. */
EDGEGEN_INLINE int16_t edgegen_finish_s16(const edgegen_output_s16 *p, int64_t acc, const int32_t *scale)
{
    const int32_t y = p->wide ? edgegen_requantize_wide(acc, scale[0], scale[1])
                              : edgegen_requantize((int32_t)acc, scale[0], scale[1]);
    return (int16_t)edgegen_clamp_s32(y, p->low, p->high);
}

#endif
