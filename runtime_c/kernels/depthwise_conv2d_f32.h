/* Depthwise convolution on f32, portable: any strides, dilation, padding, multiplier and layout order. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_F32_H
#define EDGEGEN_DEPTHWISE_CONV2D_F32_H

#include "kernels/depthwise_conv2d.h"

EDGEGEN_INLINE float edgegen_depthwise_sum_f32(const edgegen_depthwise_conv2d_f32 *p, const float *x, const float *w,
                                               int32_t rows, int32_t columns)
{
    float sum = 0.0f;
    for (int32_t ky = 0; ky < rows; ky++)
    for (int32_t kx = 0; kx < columns; kx++) {
        const float in = x[ky * p->dilation_h * p->in_stride[1] + kx * p->dilation_w * p->in_stride[2]];
        sum += in * w[(ky * p->kernel_w + kx) * p->channels];
    }
    return sum;
}

/* x[n,h,w,c] * weights[kh,kw,channels] + bias[channels] -> y */
EDGEGEN_KERNEL void depthwise_conv2d_f32(const edgegen_depthwise_conv2d_f32 *p, const float *x, const float *weights,
                                         const float *bias, float *y)
{
    EDGEGEN_EACH_OUTPUT(p->channels) {
        float acc = 0.0f;
        EDGEGEN_VISIT_TAPS(
            acc += edgegen_depthwise_sum_f32(p, x + EDGEGEN_TAP(o / p->multiplier),
                                             weights + (ky * p->kernel_w + kx) * p->channels + o, rows, columns))
        y[EDGEGEN_OUTPUT(o)] = edgegen_clamp_f32(acc + bias[o], p->low, p->high);
    }
}

#endif
