/* Sums and means over any axes on f32, portable. */
#ifndef EDGEGEN_REDUCE_F32_H
#define EDGEGEN_REDUCE_F32_H

#include "kernels/reduce.h"

EDGEGEN_INLINE float edgegen_sum_f32(const edgegen_reduce_f32 *p, const float *x)
{
    const int32_t *n = p->extent, *s = p->stride;
    float sum = 0.0f;
    for (int32_t i = 0; i < n[0]; i++)
    for (int32_t j = 0; j < n[1]; j++)
    for (int32_t k = 0; k < n[2]; k++)
    for (int32_t l = 0; l < n[3]; l++) {
        sum += x[i * s[0] + j * s[1] + k * s[2] + l * s[3]];
    }
    return sum;
}

EDGEGEN_KERNEL void reduce_f32(const edgegen_reduce_f32 *p, const float *x, float *y)
{
    const int32_t *n = p->kept_extent, *s = p->kept_stride;
    for (int32_t i = 0; i < n[0]; i++)
    for (int32_t j = 0; j < n[1]; j++)
    for (int32_t k = 0; k < n[2]; k++)
    for (int32_t l = 0; l < n[3]; l++) {
        const float sum = edgegen_sum_f32(p, x + i * s[0] + j * s[1] + k * s[2] + l * s[3]);
        *y++ = sum / p->divisor;
    }
}

#endif
