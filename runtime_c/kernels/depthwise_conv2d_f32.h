/* Depthwise convolution on f32, portable: any strides, dilation, padding, multiplier and layout order. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_F32_H
#define EDGEGEN_DEPTHWISE_CONV2D_F32_H

#include "kernels/depthwise_conv2d.h"

/* x[n,h,w,c] * weights[kh,kw,channels] + bias[channels] -> y */
EDGEGEN_KERNEL void depthwise_conv2d_f32(const edgegen_depthwise_conv2d_f32 *p, const float *x, const float *weights,
                                         const float *bias, float *y)
{
    EDGEGEN_EACH_OUTPUT_EITHER_WAY(p->channels) {
        float acc = 0.0f;
        EDGEGEN_EACH_TAP {
            acc += x[EDGEGEN_TAP(o / p->multiplier)] * weights[(ky * p->kernel_w + kx) * p->channels + o];
        }
        y[EDGEGEN_OUTPUT(o)] = edgegen_clamp_f32(acc + bias[o], p->low, p->high);
    }
}

#endif
