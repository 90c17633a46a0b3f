/* Pooling on quantized integers, portable: any strides, padding and layout order. */
#ifndef EDGEGEN_POOL2D_INTEGER_H
#define EDGEGEN_POOL2D_INTEGER_H

#include "kernels/pool2d.h"

/* sum / count rounded half away from zero. */
EDGEGEN_INLINE int32_t edgegen_rounded_average(int32_t sum, int32_t count)
{
    return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

/* What a sum of x less its zero point gives in the result's scale. */
EDGEGEN_INLINE int8_t edgegen_scaled_average(const edgegen_pool2d_integer *p, int32_t sum, float factor)
{
    const int32_t average = edgegen_round_to_even((float)sum * factor) + p->zero_point;
    return (int8_t)edgegen_clamp_s32(average, p->low, p->high);
}

/* Defines the kernels average_pool2d_<name> and max_pool2d_<name>: the average, or the largest, of each window's pixels
 * on the image. */
#define EDGEGEN_POOL2D_INTEGER(name, type)                                                                             \
    EDGEGEN_POOL2D(average_pool2d_##name, edgegen_pool2d_integer, type, int32_t, (void)0, 0, acc + v,                  \
                   (type)edgegen_clamp_s32(edgegen_rounded_average(acc, count), p->low, p->high))                      \
    EDGEGEN_POOL2D(max_pool2d_##name, edgegen_pool2d_integer, type, int32_t, (void)count, INT32_MIN,                   \
                   edgegen_max_s32(acc, v), (type)edgegen_clamp_s32(acc, p->low, p->high))

EDGEGEN_POOL2D_INTEGER(s8, int8_t)
EDGEGEN_POOL2D_INTEGER(u8, uint8_t)
EDGEGEN_POOL2D_INTEGER(s16, int16_t)

/* The average, which gets a scale of its own. */
EDGEGEN_POOL2D(average_pool2d_s8_scaled, edgegen_pool2d_integer, int8_t, int32_t,
               const float factor = edgegen_average_factor(p->factor, p->kernel_h * p->kernel_w, count), 0, acc + v,
               edgegen_scaled_average(p, acc - count * p->x_zero, factor))

#endif
