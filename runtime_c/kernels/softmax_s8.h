/* Softmax on s8, portable: fixed point as in TensorFlow Lite Micro, with exponentials from a table. */
#ifndef EDGEGEN_SOFTMAX_S8_H
#define EDGEGEN_SOFTMAX_S8_H

#include "kernels/reciprocal.h"
#include "kernels/softmax.h"

/* Defines the kernel `name`. exponentials[length]: exp of the differences 0, -1, ... from the row's maximum, times 2^31;
 * 0 beyond. Their sum has 12 integer bits; the maximum itself adds 1, so it is not 0. */
#define EDGEGEN_SOFTMAX_S8(name, of, type, low, high)                                                                  \
    EDGEGEN_KERNEL void name(const edgegen_softmax_s8 *p, const of *x, const int32_t *exponentials, type *y)           \
    {                                                                                                                  \
        for (int32_t r = 0; r < p->rows; r++) {                                                                        \
            int32_t most = x[0];                                                                                       \
            for (int32_t c = 1; c < p->depth; c++) {                                                                   \
                most = edgegen_max_s32(most, x[c]);                                                                    \
            }                                                                                                          \
            uint32_t sum = 0;                                                                                          \
            for (int32_t c = 0; c < p->depth; c++) {                                                                   \
                const int32_t below = most - x[c];                                                                     \
                if (below < p->length) {                                                                               \
                    sum += (uint32_t)edgegen_rounding_shift_right(exponentials[below], 12);                            \
                }                                                                                                      \
            }                                                                                                          \
            const int32_t zeros = edgegen_leading_zeros(sum);                                                          \
            const int32_t scale = edgegen_reciprocal_of_one_plus((int32_t)((sum << zeros) - UINT32_C(0x80000000)));    \
            const int32_t exponent = 12 - zeros + 31 - (int32_t)(8 * sizeof(type));                                    \
            for (int32_t c = 0; c < p->depth; c++) {                                                                   \
                const int32_t below = most - x[c];                                                                     \
                int32_t out = low;                                                                                     \
                if (below < p->length && exponent <= 31) {                                                             \
                    const int32_t product = edgegen_doubling_high_multiply(scale, exponentials[below]);                \
                    out = edgegen_min_s32(edgegen_rounding_shift_right(product, exponent) + (low), high);              \
                }                                                                                                      \
                y[c] = (type)out;                                                                                      \
            }                                                                                                          \
            x += p->depth;                                                                                             \
            y += p->depth;                                                                                             \
        }                                                                                                              \
    }

EDGEGEN_SOFTMAX_S8(softmax_s8, int8_t, int8_t, -128, 127)
EDGEGEN_SOFTMAX_S8(softmax_s8_s16, int8_t, int16_t, -32768, 32767)

#endif
