/* Depthwise convolution on s8, portable: any strides, dilation, padding, multiplier and layout order. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S8_H
#define EDGEGEN_DEPTHWISE_CONV2D_S8_H

#include "kernels/depthwise_conv2d.h"

EDGEGEN_INLINE int32_t edgegen_depthwise_sum_s8(const edgegen_depthwise_conv2d_s8 *p, const int8_t *x, const int8_t *w,
                                                int32_t weight_offset, int32_t rows, int32_t columns)
{
    int32_t sum = 0;
    for (int32_t ky = 0; ky < rows; ky++)
    for (int32_t kx = 0; kx < columns; kx++) {
        const int32_t in = x[ky * p->dilation_h * p->in_stride[1] + kx * p->dilation_w * p->in_stride[2]];
        sum += (in - p->x_zero) * (w[(ky * p->kernel_w + kx) * p->channels] + weight_offset);
    }
    return sum;
}

/* x[n,h,w,c] * (weights[kh,kw,channels] + weight_offset) + epilogue -> y; epilogue[channels][3]: bias, multiplier,
 * shift. Defines edgegen_depthwise_conv2d_s8_<name>, which requantizes by a function and gives a type, limited or
 * not. */
#define EDGEGEN_DEPTHWISE_CONV2D_S8(name, type, requantize, limit)                                                     \
    EDGEGEN_INLINE void edgegen_depthwise_conv2d_s8_##name(const edgegen_depthwise_conv2d_s8 *p, const int8_t *x,      \
                                                         const int8_t *weights, int32_t weight_offset,                 \
                                                         const int32_t *epilogue, type *y)                             \
    {                                                                                                                  \
        EDGEGEN_EACH_OUTPUT(p->channels) {                                                                  \
            int32_t acc = epilogue[3 * o];                                                                             \
            EDGEGEN_VISIT_TAPS(                                                                                        \
                acc += edgegen_depthwise_sum_s8(p, x + EDGEGEN_TAP(o / p->multiplier),                                 \
                                                weights + (ky * p->kernel_w + kx) * p->channels + o, weight_offset,    \
                                                rows, columns))                                                        \
            acc = requantize(acc, epilogue[3 * o + 1], epilogue[3 * o + 2]) + p->zero_point;                           \
            y[EDGEGEN_OUTPUT(o)] = limit;                                                                              \
        }                                                                                                              \
    }

EDGEGEN_DEPTHWISE_CONV2D_S8(twice, int8_t, edgegen_requantize, (int8_t)edgegen_clamp_s32(acc, p->low, p->high))
EDGEGEN_DEPTHWISE_CONV2D_S8(scaled, int8_t, edgegen_requantize_scaled, (int8_t)edgegen_clamp_s32(acc, p->low, p->high))
EDGEGEN_DEPTHWISE_CONV2D_S8(sums, int32_t, edgegen_requantize_not, acc)

/* Defines the kernel <kernel> and, for weights less an offset, <kernel>_offset. */
#define EDGEGEN_DEPTHWISE_CONV2D_S8_KERNELS(kernel, name, type)                                                        \
    EDGEGEN_KERNEL void kernel(const edgegen_depthwise_conv2d_s8 *p, const int8_t *x, const int8_t *weights,           \
                               const int32_t *epilogue, type *y)                                                       \
    {                                                                                                                  \
        edgegen_depthwise_conv2d_s8_##name(p, x, weights, 0, epilogue, y);                                             \
    }                                                                                                                  \
    EDGEGEN_KERNEL void kernel##_offset(const edgegen_depthwise_conv2d_s8 *p, const int8_t *x, const int8_t *weights,  \
                                        const int32_t *epilogue, type *y)                                              \
    {                                                                                                                  \
        edgegen_depthwise_conv2d_s8_##name(p, x, weights, p->weight_offset, epilogue, y);                              \
    }

EDGEGEN_DEPTHWISE_CONV2D_S8_KERNELS(depthwise_conv2d_s8, twice, int8_t)
EDGEGEN_DEPTHWISE_CONV2D_S8_KERNELS(depthwise_conv2d_s8_scaled, scaled, int8_t)
EDGEGEN_DEPTHWISE_CONV2D_S8_KERNELS(depthwise_conv2d_s8_s32, sums, int32_t)

#endif
