/* Depthwise convolution on f32, portable: any strides, dilation, padding, multiplier and layout order. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_F32_H
#define EDGEGEN_DEPTHWISE_CONV2D_F32_H

#include "kernels/depthwise_conv2d.h"

/* x[n,h,w,c] * weights[kh,kw,channels] + bias[channels] -> y */
EDGEGEN_KERNEL void depthwise_conv2d_f32(const edgegen_depthwise_conv2d_f32 *p, const float *x, const float *weights,
                                         const float *bias, float *y)
{
    for (int32_t n = 0; n < p->batch; n++)
    for (int32_t oy = 0; oy < p->out_h; oy++)
    for (int32_t ox = 0; ox < p->out_w; ox++)
    for (int32_t o = 0; o < p->channels; o++) {
        float acc = 0.0f;
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
                acc += x[n * p->in_stride[0] + iy * p->in_stride[1] + ix * p->in_stride[2] +
                         o / p->multiplier * p->in_stride[3]] *
                       weights[(ky * p->kernel_w + kx) * p->channels + o];
            }
        }
        y[n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + o * p->out_stride[3]] =
            edgegen_clamp_f32(acc + bias[o], p->low, p->high);
    }
}

#endif
