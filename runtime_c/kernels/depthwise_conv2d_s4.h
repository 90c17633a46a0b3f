/* Depthwise convolution on s8 with weights of four bits, portable: any strides, dilation, padding, multiplier, order. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S4_H
#define EDGEGEN_DEPTHWISE_CONV2D_S4_H

#include "kernels/depthwise_conv2d.h"
#include "kernels/nibbles.h"

typedef struct {
    EDGEGEN_DEPTHWISE_CONV2D_GEOMETRY;
    int32_t x_zero, zero_point, low, high;
} edgegen_depthwise_conv2d_s4;

/* x[n,h,w,c] * weights[kh,kw,(channels+1)/2] + epilogue -> y; epilogue[channels][3]: bias, multiplier, shift. */
EDGEGEN_KERNEL void depthwise_conv2d_s4(const edgegen_depthwise_conv2d_s4 *p, const int8_t *x, const uint8_t *weights,
                                        const int32_t *epilogue, int8_t *y)
{
    const int32_t pairs = (p->channels + 1) / 2;
    for (int32_t n = 0; n < p->batch; n++)
    for (int32_t oy = 0; oy < p->out_h; oy++)
    for (int32_t ox = 0; ox < p->out_w; ox++)
    for (int32_t o = 0; o < p->channels; o++) {
        int32_t acc = epilogue[3 * o];
        for (int32_t ky = 0; ky < p->kernel_h; ky++) {
            const int32_t iy = oy * p->stride_h + ky * p->dilation_h - p->pad_top;
            if (iy < 0 || iy >= p->in_h) {
                continue;
            }
            for (int32_t kx = 0; kx < p->kernel_w; kx++) {
                const int32_t ix = ox * p->stride_w + kx * p->dilation_w - p->pad_left;
                if (ix < 0 || ix >= p->in_w) {
                    continue;
                }
                const int32_t in = x[n * p->in_stride[0] + iy * p->in_stride[1] + ix * p->in_stride[2] +
                                     o / p->multiplier * p->in_stride[3]];
                acc += (in - p->x_zero) * edgegen_nibble(weights + (ky * p->kernel_w + kx) * pairs, o);
            }
        }
        acc = edgegen_requantize(acc, epilogue[3 * o + 1], epilogue[3 * o + 2]) + p->zero_point;
        y[n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + o * p->out_stride[3]] =
            (int8_t)edgegen_clamp_s32(acc, p->low, p->high);
    }
}

#endif
