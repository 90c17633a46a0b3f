/* Sums and means over any axes on s8, portable. */
#ifndef EDGEGEN_REDUCE_S8_H
#define EDGEGEN_REDUCE_S8_H

#include "kernels/reduce.h"

EDGEGEN_INLINE int32_t edgegen_sum_s8(const edgegen_reduce_s8 *p, const int8_t *x)
{
    const int32_t *n = p->extent, *s = p->stride;
    int32_t sum = p->offset;
    for (int32_t i = 0; i < n[0]; i++)
    for (int32_t j = 0; j < n[1]; j++)
    for (int32_t k = 0; k < n[2]; k++)
    for (int32_t l = 0; l < n[3]; l++) {
        sum += x[i * s[0] + j * s[1] + k * s[2] + l * s[3]];
    }
    return sum;
}

EDGEGEN_KERNEL void reduce_s8(const edgegen_reduce_s8 *p, const int8_t *x, int8_t *y)
{
    const int32_t *n = p->kept_extent, *s = p->kept_stride;
    for (int32_t i = 0; i < n[0]; i++)
    for (int32_t j = 0; j < n[1]; j++)
    for (int32_t k = 0; k < n[2]; k++)
    for (int32_t l = 0; l < n[3]; l++) {
        const int32_t sum = edgegen_sum_s8(p, x + i * s[0] + j * s[1] + k * s[2] + l * s[3]);
        const int32_t scaled = edgegen_requantize(sum, p->multiplier, p->shift) + p->zero_point;
        *y++ = (int8_t)edgegen_clamp_s32(scaled, -128, 127);
    }
}

#endif
