/* Convolution on f32, portable: any strides, dilation, padding, groups and layout order. */
#ifndef EDGEGEN_CONV2D_F32_H
#define EDGEGEN_CONV2D_F32_H

#include "kernels/conv2d.h"

/* x[n,h,w,c] * weights[units,kh,kw,depth] + bias[units] -> y */
EDGEGEN_KERNEL void conv2d_f32(const edgegen_conv2d_f32 *p, const float *x, const float *weights, const float *bias,
                               float *y)
{
    EDGEGEN_EACH_OUTPUT(p->units) {
        const int32_t first = EDGEGEN_FIRST_CHANNEL(p, o);
        float acc = 0.0f;
        EDGEGEN_EACH_TAP {
            const float *in = x + EDGEGEN_TAP(first);
            const float *w = weights + ((o * p->kernel_h + ky) * p->kernel_w + kx) * p->depth;
            for (int32_t c = 0; c < p->depth; c++) {
                acc += in[c * p->in_stride[3]] * w[c];
            }
        }
        y[EDGEGEN_OUTPUT(o)] = edgegen_clamp_f32(acc + bias[o], p->low, p->high);
    }
}

#endif
