/* Pooling on quantized integers, portable: any strides, padding and layout order. */
#ifndef EDGEGEN_POOL2D_INTEGER_H
#define EDGEGEN_POOL2D_INTEGER_H

#include "kernels/pool2d.h"

/* sum / count rounded half away from zero. */
EDGEGEN_INLINE int32_t edgegen_rounded_average(int32_t sum, int32_t count)
{
    return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

/* Defines the kernel `kernel`: what `result` makes of the sum and the count of each window's pixels on the image, and of
 * what it `prepares` from the count. */
#define EDGEGEN_AVERAGE_POOL2D(kernel, type, prepares, result)                                                         \
    EDGEGEN_KERNEL void kernel(const edgegen_pool2d_integer *p, const type *x, type *y)                                \
    {                                                                                                                  \
        for (int32_t n = 0; n < p->batch; n++)                                                                         \
        for (int32_t oy = 0; oy < p->out_h; oy++)                                                                      \
        for (int32_t ox = 0; ox < p->out_w; ox++) {                                                                    \
            const edgegen_span rows = edgegen_window(oy, p->stride_h, p->pad_top, p->kernel_h, p->in_h);               \
            const edgegen_span columns = edgegen_window(ox, p->stride_w, p->pad_left, p->kernel_w, p->in_w);           \
            const int32_t count = (rows.end - rows.first) * (columns.end - columns.first);                             \
            prepares;                                                                                                  \
            for (int32_t c = 0; c < p->channels; c++) {                                                                \
                const type *in = x + n * p->in_stride[0] + c * p->in_stride[3];                                        \
                int32_t sum = 0;                                                                                       \
                for (int32_t iy = rows.first; iy < rows.end; iy++) {                                                   \
                    for (int32_t ix = columns.first; ix < columns.end; ix++) {                                         \
                        sum += in[iy * p->in_stride[1] + ix * p->in_stride[2]];                                        \
                    }                                                                                                  \
                }                                                                                                      \
                y[n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + c * p->out_stride[3]] =       \
                    (type)edgegen_clamp_s32(result, p->low, p->high);                                                  \
            }                                                                                                          \
        }                                                                                                              \
    }

/* Defines the kernels average_pool2d_<name> and max_pool2d_<name>: the average, or the largest, of each window's pixels
 * on the image. */
#define EDGEGEN_POOL2D_INTEGER(name, type)                                                                             \
    EDGEGEN_AVERAGE_POOL2D(average_pool2d_##name, type, (void)0, edgegen_rounded_average(sum, count))                  \
    EDGEGEN_KERNEL void max_pool2d_##name(const edgegen_pool2d_integer *p, const type *x, type *y)                     \
    {                                                                                                                  \
        for (int32_t n = 0; n < p->batch; n++)                                                                         \
        for (int32_t oy = 0; oy < p->out_h; oy++)                                                                      \
        for (int32_t ox = 0; ox < p->out_w; ox++) {                                                                    \
            const edgegen_span rows = edgegen_window(oy, p->stride_h, p->pad_top, p->kernel_h, p->in_h);               \
            const edgegen_span columns = edgegen_window(ox, p->stride_w, p->pad_left, p->kernel_w, p->in_w);           \
            for (int32_t c = 0; c < p->channels; c++) {                                                                \
                const type *in = x + n * p->in_stride[0] + c * p->in_stride[3];                                        \
                int32_t most = INT32_MIN;                                                                              \
                for (int32_t iy = rows.first; iy < rows.end; iy++) {                                                   \
                    for (int32_t ix = columns.first; ix < columns.end; ix++) {                                         \
                        most = edgegen_max_s32(most, in[iy * p->in_stride[1] + ix * p->in_stride[2]]);                 \
                    }                                                                                                  \
                }                                                                                                      \
                y[n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + c * p->out_stride[3]] =       \
                    (type)edgegen_clamp_s32(most, p->low, p->high);                                                    \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_POOL2D_INTEGER(s8, int8_t)
EDGEGEN_POOL2D_INTEGER(u8, uint8_t)
EDGEGEN_POOL2D_INTEGER(s16, int16_t)
EDGEGEN_AVERAGE_POOL2D(average_pool2d_s8_scaled, int8_t,
                       const float factor = edgegen_average_factor(p->factor, p->kernel_h * p->kernel_w, count),
                       edgegen_round_to_even((float)(sum - count * p->x_zero) * factor) + p->zero_point)

#endif
