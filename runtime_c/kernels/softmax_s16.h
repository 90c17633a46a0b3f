/* Softmax on s16, portable: tables of exp on [-10, 0] and of 1 / (1 + x) on [0, 1]. y may be x. */
#ifndef EDGEGEN_SOFTMAX_S16_H
#define EDGEGEN_SOFTMAX_S16_H

#include "kernels/interpolate.h"
#include "kernels/reciprocal.h"
#include "kernels/softmax.h"

EDGEGEN_KERNEL void softmax_s16(const edgegen_softmax_s16 *p, const int16_t *x, const int16_t *exponentials,
                                const int16_t *reciprocals, int16_t *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        int32_t most = x[0], sum = 0;
        for (int32_t c = 1; c < p->depth; c++) {
            most = edgegen_max_s32(most, x[c]);
        }
        for (int32_t c = 0; c < p->depth; c++) {
            const int32_t scaled = edgegen_requantize(x[c] - most, p->multiplier, p->shift);
            const int32_t centred = edgegen_clamp_s32(scaled, -65535, 0) + 32767;
            y[c] = edgegen_interpolated_s16(exponentials, centred);
            sum += y[c];
        }
        const int32_t zeros = edgegen_leading_zeros((uint32_t)sum), shift = 31 - zeros;
        const int32_t fraction = (int32_t)((((int64_t)sum << (zeros - 1)) + (1 << 13)) >> 14);
        const int32_t place = edgegen_clamp_s32(fraction - (1 << 15) - (1 << 16), -32768, 32767);
        const int32_t reciprocal = edgegen_interpolated_s16(reciprocals, place);
        for (int32_t c = 0; c < p->depth; c++) {
            const int64_t product = (int64_t)y[c] * reciprocal + ((int64_t)1 << (shift - 1));
            y[c] = (int16_t)edgegen_clamp_s32((int32_t)(product >> shift), 0, 32767);
        }
        x += p->depth;
        y += p->depth;
    }
}

#endif
