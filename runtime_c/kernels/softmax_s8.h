/* Softmax on s8, portable: fixed point as in TensorFlow Lite Micro, with exponentials from a table. */
#ifndef EDGEGEN_SOFTMAX_S8_H
#define EDGEGEN_SOFTMAX_S8_H

#include "kernels/reciprocal.h"
#include "kernels/softmax.h"

/* exponentials[length]: exp of the differences 0, -1, ... from the row's maximum, times 2^31; 0 beyond. */
EDGEGEN_KERNEL void softmax_s8(const edgegen_softmax_s8 *p, const int8_t *x, const int32_t *exponentials, int8_t *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        int32_t most = x[0];
        for (int32_t c = 1; c < p->depth; c++) {
            most = edgegen_max_s32(most, x[c]);
        }
        uint32_t sum = 0; /* 12 integer bits; the maximum itself adds 1, so it is not 0 */
        for (int32_t c = 0; c < p->depth; c++) {
            const int32_t below = most - x[c];
            if (below < p->length) {
                sum += (uint32_t)edgegen_rounding_shift_right(exponentials[below], 12);
            }
        }
        const int32_t zeros = edgegen_leading_zeros(sum);
        const int32_t scale = edgegen_reciprocal_of_one_plus((int32_t)((sum << zeros) - UINT32_C(0x80000000)));
        const int32_t exponent = 12 - zeros + 31 - 8;
        for (int32_t c = 0; c < p->depth; c++) {
            const int32_t below = most - x[c];
            int32_t out = -128;
            if (below < p->length && exponent <= 31) {
                const int32_t product = edgegen_doubling_high_multiply(scale, exponentials[below]);
                out = edgegen_min_s32(edgegen_rounding_shift_right(product, exponent) - 128, 127);
            }
            y[c] = (int8_t)out;
        }
        x += p->depth;
        y += p->depth;
    }
}

#endif
